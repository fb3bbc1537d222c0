//! The contract's table: every field, absent, null and given, on insert, skip and update.

use super::*;

/// What null means for a field.
#[derive(Clone, Copy, PartialEq)]
enum Null {
    Removes,
    /// Removes, and has no effect in insert, which is worth a warning.
    RemovesALogin,
    IsAnError,
}
use Null::{IsAnError, Removes, RemovesALogin};

struct Field {
    /// With a dot before a member.
    name: &'static str,
    null: Null,
    /// As sent, other than the stored user has it.
    value: &'static str,
    /// As stored afterwards; null for what is then not set.
    stored: Value,
    /// Never changed by an update.
    is_secret: bool,
}

const BCRYPT: &str = r#"{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}"#;

fn fields() -> Vec<Field> {
    let field = |name, null, value, stored| Field {
        name,
        null,
        value,
        stored,
        is_secret: false,
    };
    let secret = |name, value, stored| Field {
        name,
        null: IsAnError,
        value,
        stored,
        is_secret: true,
    };
    vec![
        field("email", RemovesALogin, r#""New@b.c""#, json!("new@b.c")),
        field(
            "phone_number",
            RemovesALogin,
            r#""+852 9876 0000""#,
            json!("+85298760000"),
        ),
        field(
            "preferred_username",
            RemovesALogin,
            r#""New""#,
            json!("new"),
        ),
        field("external_id", RemovesALogin, r#""New 1""#, json!("New 1")),
        field("email_verified", IsAnError, "false", Value::Null),
        field("phone_number_verified", IsAnError, "false", Value::Null),
        field("disabled", IsAnError, "false", Value::Null),
        field(
            "account_valid_from",
            IsAnError,
            r#""2021-01-01T00:00:00Z""#,
            json!("2021-01-01T00:00:00Z"),
        ),
        field(
            "account_valid_until",
            IsAnError,
            r#""2031-01-01T00:00:00Z""#,
            json!("2031-01-01T00:00:00Z"),
        ),
        field("name", Removes, r#""new""#, json!("new")),
        field("given_name", Removes, r#""new""#, json!("new")),
        field("family_name", Removes, r#""new""#, json!("new")),
        field("middle_name", Removes, r#""new""#, json!("new")),
        field("nickname", Removes, r#""new""#, json!("new")),
        field("gender", Removes, r#""new""#, json!("new")),
        field(
            "profile",
            Removes,
            r#""https://new.example/""#,
            json!("https://new.example/"),
        ),
        field(
            "website",
            Removes,
            r#""https://new.example/""#,
            json!("https://new.example/"),
        ),
        field(
            "picture",
            Removes,
            r#""https://new.example/""#,
            json!("https://new.example/"),
        ),
        field("birthdate", Removes, r#""--12-31""#, json!("--12-31")),
        field("zoneinfo", Removes, r#""Asia/Tokyo""#, json!("Asia/Tokyo")),
        field("locale", Removes, r#""ja""#, json!("ja")),
        field(
            "address",
            Removes,
            r#"{"region":"new"}"#,
            json!({ "region": "new" }),
        ),
        field(
            "custom_attributes.a",
            Removes,
            r#"{"new":1}"#,
            json!({ "new": 1 }),
        ),
        field("roles", IsAnError, r#"["new","b"]"#, json!(["b", "new"])),
        field("groups", IsAnError, r#"["new"]"#, json!(["new"])),
        field("mfa.email", RemovesALogin, r#""new@b.c""#, json!("new@b.c")),
        field(
            "mfa.phone_number",
            RemovesALogin,
            r#""+85298760000""#,
            json!("+85298760000"),
        ),
        secret("password", BCRYPT, json!("bcrypt")),
        secret("mfa.password", BCRYPT, json!("bcrypt")),
        secret("mfa.totp", r#"{"secret":"MY"}"#, json!(true)),
    ]
}

/// A user with everything; its identifier is left to each row.
const STORED: &str = r#"{"email":"old@b.c","phone_number":"+85298765432","preferred_username":"old",
    "external_id":"old 1","email_verified":true,"phone_number_verified":true,"disabled":true,
    "account_valid_from":"2020-01-01T00:00:00Z","account_valid_until":"2030-01-01T00:00:00Z",
    "name":"old","given_name":"old","family_name":"old","middle_name":"old","nickname":"old",
    "gender":"old","profile":"https://old.example/","website":"https://old.example/",
    "picture":"https://old.example/","birthdate":"1990-01-01","zoneinfo":"Europe/Berlin",
    "locale":"de","address":{"region":"old","country":"old"},
    "custom_attributes":{"a":1,"b":2},"roles":["a","b"],"groups":["a"],
    "mfa":{"email":"old@b.c","phone_number":"+85298765432",
    "password":{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"},
    "totp":{"secret":"JBSWY3DP"}},
    "password":{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}}"#;

/// The identifier of a row is another field than the row's own, and than the one a mark is for.
fn identifier(field: &Field) -> (Identifier, &'static str, &'static str) {
    match field.name {
        "email" => (
            Identifier::ExternalId,
            r#""external_id":"old 1""#,
            r#""external_id":"made 1""#,
        ),
        _ => (
            Identifier::Email,
            r#""email":"old@b.c""#,
            r#""email":"made@b.c""#,
        ),
    }
}

/// A record with the identifier and the field; a mark stands beside its login id.
fn record(identifier: &str, field: &Field, value: Option<&str>) -> String {
    let beside = if field.name == "phone_number_verified" {
        r#","phone_number":"+85298765432""#
    } else {
        ""
    };
    match (value, field.name.split_once('.')) {
        (None, _) => format!("{{{identifier}{beside}}}"),
        (Some(value), None) => format!("{{{identifier}{beside},\"{}\":{value}}}", field.name),
        (Some(value), Some((outer, inner))) => {
            format!("{{{identifier},\"{outer}\":{{\"{inner}\":{value}}}}}")
        }
    }
}

/// What an update leaves: the field as given, and the mark of a login id that changed is gone.
fn expected(
    before: &BTreeMap<String, Value>,
    field: &Field,
    after: &Value,
) -> BTreeMap<String, Value> {
    let mut expected = before.clone();
    if after.is_null() {
        expected.remove(field.name);
    } else {
        expected.insert(field.name.to_owned(), after.clone());
    }
    if matches!(field.name, "email" | "phone_number") {
        expected.remove(&format!("{}_verified", field.name));
    }
    expected
}

#[test]
fn update_is_as_the_table_says() {
    for field in fields() {
        let (which, id, _) = identifier(&field);
        let task = Task::new(which, true).finding(&[STORED]);
        let before = seen(&task.found[0]);

        let absent = task.run(&[&record(id, &field, None)]);
        assert_eq!(outcomes(&absent), [Outcome::Updated], "{}", field.name);
        assert!(
            absent.updates.is_empty(),
            "absent {} is untouched",
            field.name
        );

        let null = task.run(&[&record(id, &field, Some("null"))]);
        if field.null == IsAnError {
            assert_eq!(
                reasons(&null.verdicts[0]),
                ["ValidationFailed"],
                "{} = null",
                field.name
            );
        } else {
            assert_eq!(outcomes(&null), [Outcome::Updated]);
            assert_eq!(
                seen(&null.updates[0]),
                expected(&before, &field, &Value::Null),
                "{} = null",
                field.name
            );
            assert!(null.verdicts[0].warnings.is_empty());
        }

        let given = task.run(&[&record(id, &field, Some(field.value))]);
        assert_eq!(outcomes(&given), [Outcome::Updated], "{}", field.name);
        assert_eq!(given.verdicts[0].user_id, Some(task.found[0].id));
        assert!(given.inserts.is_empty());
        if field.is_secret {
            assert!(given.updates.is_empty(), "{} is never changed", field.name);
            let ignored = format!("{} is ignored because the user exists already.", field.name);
            assert_eq!(warnings(&given.verdicts[0]), [ignored]);
        } else {
            assert_eq!(given.updates.len(), 1);
            assert_eq!(
                (given.updates[0].id, given.updates[0].version),
                (task.found[0].id, 7)
            );
            assert_eq!(
                seen(&given.updates[0]),
                expected(&before, &field, &field.stored),
                "{}",
                field.name
            );
            assert!(given.verdicts[0].warnings.is_empty());
        }
    }
}

#[test]
fn an_existing_user_is_skipped_without_upsert() {
    for field in fields() {
        let (which, id, _) = identifier(&field);
        let task = Task::new(which, false).finding(&[STORED]);
        for value in [None, Some("null"), Some(field.value)] {
            let skipped = task.run(&[&record(id, &field, value)]);
            let verdict = &skipped.verdicts[0];
            assert!(skipped.updates.is_empty() && skipped.inserts.is_empty());
            if value == Some("null") && field.null == IsAnError {
                assert_eq!(
                    reasons(verdict),
                    ["ValidationFailed"],
                    "{} = null",
                    field.name
                );
                continue;
            }
            assert_eq!(verdict.outcome, Outcome::Skipped, "{}", field.name);
            assert_eq!(verdict.user_id, Some(task.found[0].id));
            assert_eq!(
                warnings(verdict),
                ["skipping because upsert = false and user exists"]
            );
        }
    }
}

#[test]
fn insert_sets_what_is_given() {
    for upsert in [false, true] {
        for field in fields() {
            let (which, _, id) = identifier(&field);
            let task = Task::new(which, upsert);
            let bare = task.run(&[&record(id, &field, None)]);
            let before = seen(&bare.inserts[0].0);

            let null = task.run(&[&record(id, &field, Some("null"))]);
            match field.null {
                IsAnError => assert_eq!(
                    reasons(&null.verdicts[0]),
                    ["ValidationFailed"],
                    "{}",
                    field.name
                ),
                Removes | RemovesALogin => {
                    assert_eq!(seen(&null.inserts[0].0), before, "{} = null", field.name);
                    let told = format!("{} = null has no effect in insert.", field.name);
                    let told = if field.null == RemovesALogin {
                        vec![told]
                    } else {
                        Vec::new()
                    };
                    assert_eq!(warnings(&null.verdicts[0]), told);
                }
            }

            let given = task.run(&[&record(id, &field, Some(field.value))]);
            assert_eq!(given.verdicts[0].user_id, Some(new_id(0)), "{}", field.name);
            let (user, secrets) = &given.inserts[0];
            let mut expected = before.clone();
            if !field.stored.is_null() {
                expected.insert(field.name.to_owned(), field.stored.clone());
            }
            assert_eq!(seen(user), expected, "{}", field.name);
            assert_eq!((user.id, user.version), (new_id(0), 0));
            assert_eq!(secrets.password_hash.is_some(), field.name == "password");
            assert_eq!(
                secrets.mfa_password_hash.is_some(),
                field.name == "mfa.password"
            );
            assert_eq!(secrets.totp_secret.is_some(), field.name == "mfa.totp");
        }
    }
}

#[test]
fn an_insert_takes_everything() {
    let inserted = Task::new(Identifier::Email, false).run(&[STORED]);
    let (user, secrets) = &inserted.inserts[0];
    // Every field of the table, and the custom attribute that no row names.
    assert_eq!(seen(user).len(), fields().len() + 1);
    assert_eq!(
        secrets.password_hash.as_ref().map(|hash| hash.0.as_str()),
        Some(HASH)
    );
    assert!(inserted.verdicts[0].warnings.is_empty());
    assert_eq!(inserted.new_roles.len(), 2);
    assert_eq!(inserted.new_groups.len(), 1);
}
