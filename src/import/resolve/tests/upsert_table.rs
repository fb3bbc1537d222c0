//! The contract's table: every field, absent, null and given, on insert, skip and update.

use super::fields::Null::{IsAnError, Removes, RemovesALogin};
use super::fields::{FIELDS, Field, STORED};
use super::*;

/// The identifier of a row is another field than the row's own, and than the one a mark is for.
fn identifier(field: &Field) -> (Identifier, &'static str, &'static str) {
    match field.name {
        "email" => {
            (Identifier::ExternalId, r#""external_id":"old 1""#, r#""external_id":"made 1""#)
        }
        _ => (Identifier::Email, r#""email":"old@b.c""#, r#""email":"made@b.c""#),
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
    for field in FIELDS {
        let (which, id, _) = identifier(field);
        let task = Task::new(which, true).finding(&[STORED]);
        let before = seen(&task.found[0]);

        let absent = task.run(&[&record(id, field, None)]);
        assert_eq!(outcomes(&absent), [Outcome::Updated], "{}", field.name);
        assert!(absent.updates.is_empty(), "absent {} is untouched", field.name);

        let null = task.run(&[&record(id, field, Some("null"))]);
        if field.null == IsAnError {
            assert_eq!(reasons(&null.verdicts[0]), ["ValidationFailed"], "{} = null", field.name);
        } else {
            assert_eq!(outcomes(&null), [Outcome::Updated]);
            assert_eq!(
                seen(&null.updates[0]),
                expected(&before, field, &Value::Null),
                "{} = null",
                field.name
            );
            assert!(null.verdicts[0].warnings.is_empty());
        }

        let given = task.run(&[&record(id, field, Some(field.value))]);
        assert_eq!(outcomes(&given), [Outcome::Updated], "{}", field.name);
        assert_eq!(given.verdicts[0].user_id, Some(task.found[0].id));
        assert!(given.inserts.is_empty());
        if field.is_secret {
            assert!(given.updates.is_empty(), "{} is never changed", field.name);
            let ignored = format!("{} is ignored because the user exists already.", field.name);
            assert_eq!(warnings(&given.verdicts[0]), [ignored]);
        } else {
            assert_eq!(given.updates.len(), 1);
            assert_eq!((given.updates[0].id, given.updates[0].version), (task.found[0].id, 7));
            assert_eq!(
                seen(&given.updates[0]),
                expected(&before, field, &field.stored()),
                "{}",
                field.name
            );
            assert!(given.verdicts[0].warnings.is_empty());
        }
    }
}

#[test]
fn an_existing_user_is_skipped_without_upsert() {
    for field in FIELDS {
        let (which, id, _) = identifier(field);
        let task = Task::new(which, false).finding(&[STORED]);
        for value in [None, Some("null"), Some(field.value)] {
            let records = [&*record(id, field, value)];
            let skipped = task.run(&records);
            let by_id = task.clone().asking_for_ids().run(&records);
            assert_eq!(skipped.verdicts, by_id.verdicts, "{}", field.name);
            let verdict = &skipped.verdicts[0];
            assert!(skipped.updates.is_empty() && skipped.inserts.is_empty());
            if value == Some("null") && field.null == IsAnError {
                assert_eq!(reasons(verdict), ["ValidationFailed"], "{} = null", field.name);
                continue;
            }
            assert_eq!(verdict.outcome, Outcome::Skipped, "{}", field.name);
            assert_eq!(verdict.user_id, Some(task.found[0].id));
            assert_eq!(warnings(verdict), ["skipping because upsert = false and user exists"]);
        }
    }
}

#[test]
fn insert_sets_what_is_given() {
    for upsert in [false, true] {
        for field in FIELDS {
            let (which, _, id) = identifier(field);
            let task = Task::new(which, upsert);
            let bare = task.run(&[&record(id, field, None)]);
            let before = seen(&bare.inserts[0].0);

            let null = task.run(&[&record(id, field, Some("null"))]);
            match field.null {
                IsAnError => {
                    assert_eq!(reasons(&null.verdicts[0]), ["ValidationFailed"], "{}", field.name);
                }
                Removes | RemovesALogin => {
                    assert_eq!(seen(&null.inserts[0].0), before, "{} = null", field.name);
                    let told = format!("{} = null has no effect in insert.", field.name);
                    let told = if field.null == RemovesALogin { vec![told] } else { Vec::new() };
                    assert_eq!(warnings(&null.verdicts[0]), told);
                }
            }

            let given = task.run(&[&record(id, field, Some(field.value))]);
            assert_eq!(given.verdicts[0].user_id, Some(new_id(0)), "{}", field.name);
            let (user, secrets) = &given.inserts[0];
            let mut expected = before.clone();
            if !field.stored().is_null() {
                expected.insert(field.name.to_owned(), field.stored());
            }
            assert_eq!(seen(user), expected, "{}", field.name);
            assert_eq!((user.id, user.version), (new_id(0), 0));
            assert_eq!(secrets.password_hash.is_some(), field.name == "password");
            assert_eq!(secrets.mfa_password_hash.is_some(), field.name == "mfa.password");
            assert_eq!(secrets.totp_secret.is_some(), field.name == "mfa.totp");
        }
    }
}

#[test]
fn an_insert_takes_everything() {
    let inserted = Task::new(Identifier::Email, false).run(&[STORED]);
    let (user, secrets) = &inserted.inserts[0];
    // Every field of the table, and the custom attribute that no row names.
    assert_eq!(seen(user).len(), FIELDS.len() + 1);
    assert_eq!(secrets.password_hash.as_ref().map(|hash| hash.0.as_str()), Some(HASH));
    assert!(inserted.verdicts[0].warnings.is_empty());
    assert_eq!(inserted.new_roles.len(), 2);
    assert_eq!(inserted.new_groups.len(), 1);
}
