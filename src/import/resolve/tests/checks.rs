//! What a record fails by once its schema holds, in which order, and that it then changes nothing.

use super::*;

fn errors(task: &Task, record: &str) -> (Vec<&'static str>, Option<Uuid>) {
    let resolution = task.run(&[record]);
    assert!(resolution.inserts.is_empty() && resolution.updates.is_empty(), "{record}");
    assert!(resolution.new_roles.is_empty() && resolution.new_groups.is_empty(), "{record}");
    let verdict = &resolution.verdicts[0];
    assert_eq!(verdict.outcome, Outcome::Failed, "{record}");
    assert!(verdict.warnings.is_empty(), "{record}");
    (reasons(verdict), verdict.user_id)
}

const STORED: [&str; 2] = [
    r#"{"email":"a@b.c","phone_number":"+85298765432","account_valid_from":"2024-01-01T00:00:00Z","roles":["r"]}"#,
    r#"{"email":"x@y.z","preferred_username":"taken","external_id":"taken"}"#,
];

#[test]
fn login_ids_of_another_user_are_all_named() {
    for (upsert, email) in [(false, "new@b.c"), (true, "new@b.c"), (true, "x@y.z")] {
        let task = Task::new(Identifier::Email, upsert).finding(&STORED);
        let record = format!(
            r#"{{"email":"{email}","preferred_username":"Taken","phone_number":"+852 9876 5432","external_id":"taken"}}"#
        );
        let is_update = email == "x@y.z";
        let (reasons, user_id) = errors(&task, &record);
        assert_eq!(reasons, ["DuplicatedIdentity"]);
        assert_eq!(user_id, is_update.then_some(new_id(1)));
        let fault = task.run(&[&record]).verdicts.remove(0).errors.remove(0);
        let fields = if is_update {
            json!(["phone_number"])
        } else {
            json!(["preferred_username", "phone_number", "external_id"])
        };
        assert_eq!(fault.info, json!({ "fields": fields }));
        assert_eq!((fault.name, fault.code), ("AlreadyExists", 409));
    }
}

#[test]
fn unknown_roles_and_groups_are_named_where_they_must_exist() {
    let task = Task::new(Identifier::Email, true).finding(&STORED).knowing(&["known"]);
    for (members, info) in [
        (r#""roles":["z","known","a"]"#, json!({ "roles": ["a", "z"] })),
        (r#""groups":["g"]"#, json!({ "groups": ["g"] })),
        (r#""groups":["g"],"roles":["r"]"#, json!({ "roles": ["r"], "groups": ["g"] })),
    ] {
        for email in ["a@b.c", "new@b.c"] {
            let record = format!("{{\"email\":\"{email}\",{members}}}");
            assert_eq!(errors(&task, &record).0, ["UnknownKeys"]);
            let fault = task.run(&[&record]).verdicts.remove(0).errors.remove(0);
            assert_eq!((fault.name, fault.code, fault.info), ("NotFound", 404, info.clone()));
        }
    }
    let known = task.run(&[r#"{"email":"new@b.c","roles":["known"],"groups":[]}"#]);
    assert_eq!(outcomes(&known), [Outcome::Inserted]);
    assert!(known.new_roles.is_empty() && known.new_groups.is_empty());
}

#[test]
fn the_period_is_checked_against_what_is_stored() {
    let task = Task::new(Identifier::Email, true).finding(&STORED);
    for (until, is_valid) in [
        ("2024-01-01T00:00:00.000001Z", true),
        ("2024-01-01T00:00:00Z", false),
        ("2023-01-01T00:00:00Z", false),
    ] {
        let record = format!(r#"{{"email":"a@b.c","account_valid_until":"{until}"}}"#);
        let verdict = task.run(&[&record]).verdicts.remove(0);
        let expected: &[&str] = if is_valid { &[] } else { &["InvalidAccountValidPeriod"] };
        assert_eq!(reasons(&verdict), expected, "{until}");
        assert_eq!(verdict.user_id, Some(new_id(0)));
    }
    // Both are given, so what is stored does not matter.
    let record = r#"{"email":"a@b.c","account_valid_from":"2020-01-01T00:00:00Z","account_valid_until":"2021-01-01T00:00:00Z"}"#;
    assert_eq!(outcomes(&task.run(&[record])), [Outcome::Updated]);
}

#[test]
fn faults_stand_in_one_order_each_once() {
    let record = |email: &str| {
        format!(
            r#"{{"email":"{email}","preferred_username":"taken","roles":["nope"],"groups":["nope"],
            "account_valid_from":"2024-01-02T00:00:00Z","account_valid_until":"2023-01-02T00:00:00Z",
            "password":{{"type":"bcrypt","password_hash":"x"}},"mfa":{{"password":{{"type":"bcrypt","password_hash":"x"}}}}}}"#
        )
    };
    let all =
        ["InvalidPasswordHash", "InvalidAccountValidPeriod", "UnknownKeys", "DuplicatedIdentity"];
    let task = Task::new(Identifier::Email, true).finding(&STORED).knowing(&[]);
    assert_eq!(errors(&task, &record("a@b.c")), (all.to_vec(), Some(new_id(0))));
    assert_eq!(errors(&task, &record("new@b.c")), (all.to_vec(), None));
    assert_eq!(errors(&task.clone().dry(), &record("new@b.c")), (all.to_vec(), None));
    // A record that would be skipped would write nothing.
    let skipping = Task::new(Identifier::Email, false).finding(&STORED).knowing(&[]);
    assert_eq!(errors(&skipping, &record("a@b.c")), (all[..2].to_vec(), Some(new_id(0))));
    let harmless = r#"{"email":"a@b.c","preferred_username":"taken","roles":["nope"],"account_valid_until":"2020-01-01T00:00:00Z"}"#;
    assert_eq!(outcomes(&skipping.run(&[harmless])), [Outcome::Skipped]);
}

#[test]
fn a_record_that_breaks_its_schema_was_resolved_to_nobody() {
    let task = Task::new(Identifier::Email, true).finding(&STORED);
    assert_eq!(errors(&task, r#"{"email":"a@b.c","nope":1}"#), (vec!["ValidationFailed"], None));
    assert_eq!(errors(&task, "nope"), (vec!["InvalidJSON"], None));
}
