//! `GET /users/{user_id}` and `GET /users?email=` (or another login id): one user.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::HeaderMap;
use serde_json::json;
use uuid::Uuid;

use super::user::User;
use super::{State, store};
use crate::import::login_id::{Refused, normalise};
use crate::import::task::Identifier;
use crate::web::query::Query;
use crate::web::route::{Content, Parameter, Route};
use crate::web::{Caller, Error, Id, NotFound, accepts, kind};

const USER: Content = Content {
    media: "application/json",
    schema: r##"{"$ref": "#/components/schemas/User"}"##,
    example: r#"{"id": "018ea7d2-fe46-7efa-9d3d-6e9c5e0e4b52", "created_at": "2024-04-04T06:56:36.025Z", "updated_at": "2024-04-04T06:56:36.025Z", "email": "user1@example.com", "email_verified": true, "name": "User One", "custom_attributes": {"member_id": "1"}, "roles": ["role_a"], "groups": [], "disabled": false, "password": {"type": "bcrypt"}, "mfa": {"totp": true}}"#,
};

pub const BY_ID: Route = Route {
    gives: &[USER],
    errors: &[kind::NOT_ACCEPTABLE, kind::USER_NOT_FOUND, kind::VALIDATION_FAILED],
    ..Route::get(
        "/users/{user_id}",
        "getUser",
        "A user as the directory holds it, without secrets.",
    )
};

pub const BY_LOGIN_ID: Route = Route {
    query: &[
        login_id("email", "An email address; exactly one of the four parameters is given."),
        login_id("phone_number", "A phone number, with its `+` (written `%2B`)."),
        login_id("preferred_username", "A username."),
        login_id("external_id", "The user's id in the system that it comes from."),
    ],
    ..Route {
        path: "/users",
        name: "findUser",
        about: "A user, found by a login id in any spelling that normalises to it.",
        ..BY_ID
    }
};

const fn login_id(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, schema: r#"{"type": "string"}"#, required: false }
}

pub async fn by_id(
    caller: Caller,
    Extract(state): Extract<State>,
    id: Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Json<User>, Error> {
    accepts(&headers, "application/json")?;
    query.finish()?;
    let user = store::by_id(&state.pool, caller.project, user_id(&id)?).await?;
    user.map(Json).ok_or_else(|| Error::not_found(NotFound::User))
}

pub async fn by_login_id(
    caller: Caller,
    Extract(state): Extract<State>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Json<User>, Error> {
    accepts(&headers, "application/json")?;
    let asked = one_login_id(&mut query);
    let login_id = asked.and_then(|(identifier, text)| {
        let normalised = normalise(identifier, &text, &caller.settings);
        let refused = |refused| refuse(&mut query, identifier, &text, refused);
        normalised.map_err(refused).ok().map(|login_id| (identifier, login_id))
    });
    query.finish()?;
    let (identifier, login_id) = login_id.expect("whatever is missing was a cause");
    let user = store::by_login_id(&state.pool, caller.project, identifier, &login_id).await?;
    user.map(Json).ok_or_else(|| Error::not_found(NotFound::User))
}

/// The id that a user's JSON shows, and no other spelling of it: ids are opaque.
pub(super) fn user_id(Id(text): &Id) -> Result<Uuid, Error> {
    let id = Uuid::parse_str(text).ok().filter(|id| id.to_string() == *text);
    id.ok_or_else(|| Error::not_found(NotFound::User))
}

/// The one login id that is asked for; none or several are a cause.
fn one_login_id(query: &mut Query) -> Option<(Identifier, String)> {
    let mut given = Vec::new();
    for identifier in Identifier::ALL {
        given.extend(query.take(identifier.as_str()).map(|text| (identifier, text)));
    }
    if let [_] = given[..] {
        return given.pop().map(|(identifier, text)| (identifier, as_meant(identifier, text)));
    }
    let expected = Identifier::ALL.map(Identifier::as_str);
    let actual: Vec<_> = given.iter().map(|(identifier, _)| identifier.as_str()).collect();
    query.refuse_whole("oneOf", json!({"expected": expected, "actual": actual}));
    None
}

/// A `+` that was typed raw into an address arrives as a space. Where no space can be meant, it is
/// taken back: at the beginning of a phone number, and within an unquoted email.
fn as_meant(identifier: Identifier, text: String) -> String {
    let trimmed = text.trim();
    match identifier {
        Identifier::PhoneNumber if text.starts_with(' ') && !trimmed.starts_with('+') => {
            format!("+{trimmed}")
        }
        Identifier::Email if !text.contains('"') => trimmed.replace(' ', "+"),
        _ => text,
    }
}

fn refuse(query: &mut Query, identifier: Identifier, text: &str, refused: Refused) {
    let (kind, details) = match refused {
        Refused::Empty => ("minLength", json!({"expected": 1, "actual": 0})),
        Refused::TooLong { max, actual } => {
            ("maxLength", json!({"expected": max, "actual": actual}))
        }
        Refused::Format(format) => ("format", json!({"format": format, "actual": text})),
    };
    query.refuse(identifier.as_str(), kind, details);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_login_id_is_asked_for() {
        for (query, good) in [
            ("email=a@b.c", true),
            ("external_id=", true),
            ("", false),
            ("email=a@b.c&phone_number=%2B1", false),
            ("id=1", false),
        ] {
            let mut query = Query::read(query);
            assert_eq!(one_login_id(&mut query).is_some(), good, "{query:?}");
        }
    }

    #[test]
    fn a_plus_that_was_typed_raw_is_taken_back_where_no_space_can_be() {
        for (identifier, arrived, meant) in [
            (Identifier::PhoneNumber, " 85298765432", "+85298765432"),
            (Identifier::PhoneNumber, " +85298765432", " +85298765432"),
            (Identifier::PhoneNumber, "+852 9876 5432", "+852 9876 5432"),
            (Identifier::Email, "a b@c.d ", "a+b@c.d"),
            (Identifier::Email, "\"a b\"@c.d", "\"a b\"@c.d"),
            (Identifier::ExternalId, " a b ", " a b "),
        ] {
            assert_eq!(as_meant(identifier, arrived.to_owned()), meant);
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = |text: &str| user_id(&Id(text.to_owned())).is_ok();
        assert!(id("0f0f65ee-4c7d-45a0-a740-bcbbfd3fcf06"));
        for other in [
            "0F0F65EE-4C7D-45A0-A740-BCBBFD3FCF06",
            "0f0f65ee4c7d45a0a740bcbbfd3fcf06",
            "{0f0f65ee-4c7d-45a0-a740-bcbbfd3fcf06}",
            "import",
            "",
        ] {
            assert!(!id(other), "{other}");
        }
    }
}
