//! Every warning, word for word.

use super::*;

const STORED: &str = r#"{"email":"a@b.c","phone_number":"+85298765432","external_id":"1"}"#;

fn told(task: &Task, record: &str) -> Vec<String> {
    let resolution = task.run(&[record]);
    assert_eq!(reasons(&resolution.verdicts[0]), [""; 0], "{record}");
    warnings(&resolution.verdicts[0]).into_iter().map(str::to_owned).collect()
}

#[test]
fn of_skipping() {
    let task = Task::new(Identifier::Email, false).finding(&[STORED]);
    let record =
        r#"{"email":"a@b.c","phone_number":null,"phone_number_verified":true,"disabled":false}"#;
    assert_eq!(told(&task, record), ["skipping because upsert = false and user exists"]);
}

const INSERTING: &[(&str, &[&str])] = &[
    (r#""email":null"#, &["email = null has no effect in insert."]),
    (r#""phone_number":null"#, &["phone_number = null has no effect in insert."]),
    (r#""preferred_username":null"#, &["preferred_username = null has no effect in insert."]),
    (r#""mfa":{"email":null}"#, &["mfa.email = null has no effect in insert."]),
    (r#""mfa":{"phone_number":null}"#, &["mfa.phone_number = null has no effect in insert."]),
    (r#""email_verified":false"#, &["email_verified = false has no effect in insert."]),
    (
        r#""phone_number_verified":false"#,
        &["phone_number_verified = false has no effect in insert."],
    ),
    (r#""disabled":false"#, &["disabled = false has no effect in insert."]),
    (
        r#""email":"a@b.c","email_verified":false"#,
        &["email_verified = false has no effect in insert."],
    ),
    (r#""email_verified":true"#, &["email_verified = true has no effect when email is absent."]),
    (
        r#""phone_number_verified":true"#,
        &["phone_number_verified = true has no effect when phone_number is absent."],
    ),
    (
        r#""email_verified":true,"email":null"#,
        &[
            "email = null has no effect in insert.",
            "email_verified = true has no effect when email is absent.",
        ],
    ),
    (r#""email":"a@b.c","email_verified":true,"disabled":true"#, &[]),
    (r#""name":null,"custom_attributes":{"a":null},"roles":[]"#, &[]),
];

#[test]
fn of_inserting() {
    let task = Task::new(Identifier::ExternalId, true);
    for (members, expected) in INSERTING {
        assert_eq!(told(&task, &format!("{{\"external_id\":\"9\",{members}}}")), *expected);
    }
    let record = r#"{"email":"a@b.c","external_id":null}"#;
    let task = Task::new(Identifier::Email, false);
    assert_eq!(told(&task, record), ["external_id = null has no effect in insert."]);
}

#[test]
fn of_updating() {
    let task = Task::new(Identifier::ExternalId, true).finding(&[STORED]);
    let password = format!(r#"{{"type":"bcrypt","password_hash":"{HASH}"}}"#);
    let secrets = format!(
        r#""password":{password},"mfa":{{"password":{password},"totp":{{"secret":"MY"}}}}"#
    );
    for (members, expected) in [
        (r#""email_verified":true"#, &["email_verified has no effect when email is absent."][..]),
        (r#""email_verified":false"#, &["email_verified has no effect when email is absent."]),
        (
            r#""email_verified":true,"email":null"#,
            &["email_verified has no effect when email = null."],
        ),
        (
            r#""phone_number_verified":true"#,
            &["phone_number_verified has no effect when phone_number is absent."],
        ),
        (
            r#""phone_number_verified":true,"phone_number":null"#,
            &["phone_number_verified has no effect when phone_number = null."],
        ),
        (
            &secrets,
            &[
                "password is ignored because the user exists already.",
                "mfa.password is ignored because the user exists already.",
                "mfa.totp is ignored because the user exists already.",
            ],
        ),
        (r#""email":"a@b.c","email_verified":false,"disabled":false"#, &[]),
        (r#""email":null,"phone_number":null,"preferred_username":null,"mfa":{"email":null}"#, &[]),
    ] {
        assert_eq!(told(&task, &format!("{{\"external_id\":\"1\",{members}}}")), expected);
    }
}

#[test]
fn of_a_dry_run_that_cannot_see_an_earlier_chunk() {
    let unseen =
        "an earlier record of this import shares a login id; a dry run does not see its effect.";
    let record = r#"{"email":"a@b.c","name":"shares"}"#;
    let task = Task::new(Identifier::Email, false);
    assert_eq!(told(&task, record), [""; 0]);
    assert_eq!(told(&task.clone().dry(), record), [unseen]);
    let skipping = task.clone().finding(&[STORED]).dry();
    assert_eq!(
        told(&skipping, record),
        ["skipping because upsert = false and user exists", unseen]
    );
    let failed = task.dry().run(&[r#"{"email":"a@b.c","name":"shares","nope":1}"#]);
    assert_eq!(failed.verdicts[0].outcome, Outcome::Failed);
    assert!(failed.verdicts[0].warnings.is_empty());
}
