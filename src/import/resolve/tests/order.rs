//! Records of one run that touch the same users: applied in index order.

use super::*;
use Outcome::{Failed, Inserted, Skipped, Updated};

#[test]
fn the_last_record_of_a_user_wins_with_upsert() {
    let run = Task::new(Identifier::Email, true).run(&[
        r#"{"email":"a@b.c","name":"1","password":{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}}"#,
        r#"{"email":"A@b.c","name":"2","phone_number":"+85298765432","nickname":"n"}"#,
        r#"{"email":"a@B.c","name":"3","nickname":null}"#,
    ]);
    assert_eq!(outcomes(&run), [Inserted, Updated, Updated]);
    assert!(run.verdicts.iter().all(|verdict| verdict.user_id == Some(new_id(0))));
    assert!(run.updates.is_empty(), "a user made in the run is written once");
    let [(user, secrets)] = &run.inserts[..] else { panic!("one user") };
    let seen = seen(user);
    assert_eq!((&seen["name"], &seen["phone_number"]), (&json!("3"), &json!("+85298765432")));
    assert!(!seen.contains_key("nickname") && secrets.password_hash.is_some());
}

#[test]
fn the_first_record_of_a_user_wins_without_upsert() {
    let task = Task::new(Identifier::Email, false);
    let records = [r#"{"email":"a@b.c","name":"1"}"#, r#"{"email":"a@b.c","name":"2"}"#];
    let run = task.run(&records);
    assert_eq!(outcomes(&run), [Inserted, Skipped]);
    assert_eq!(run.verdicts[1].user_id, Some(new_id(0)));
    assert_eq!(seen(&run.inserts[0].0)["name"], "1");

    let dry = task.dry().run(&records);
    assert_eq!(outcomes(&dry), [Inserted, Skipped]);
    assert!(dry.verdicts.iter().all(|verdict| verdict.user_id.is_none()), "a dry run makes nobody");
}

#[test]
fn of_two_claims_on_one_number_the_later_fails() {
    let run = Task::new(Identifier::Email, true).run(&[
        r#"{"email":"a@b.c","phone_number":"+85298765432"}"#,
        r#"{"email":"x@y.z","phone_number":"+852 9876 5432"}"#,
        r#"{"email":"x@y.z"}"#,
    ]);
    assert_eq!(outcomes(&run), [Inserted, Failed, Inserted]);
    assert_eq!(reasons(&run.verdicts[1]), ["DuplicatedIdentity"]);
}

#[test]
fn a_login_id_moves_once_its_owner_lets_go() {
    let task = Task::new(Identifier::Email, true).finding(&[
        r#"{"email":"a@b.c","phone_number":"+85298765432","phone_number_verified":true}"#,
        r#"{"email":"x@y.z","phone_number":"+85298760000","phone_number_verified":true}"#,
    ]);
    let run = task.run(&[
        r#"{"email":"x@y.z","phone_number":"+85298765432"}"#,
        r#"{"email":"a@b.c","phone_number":null}"#,
        r#"{"email":"x@y.z","phone_number":"+85298765432"}"#,
        r#"{"email":"new@y.z","phone_number":"+85298760000","phone_number_verified":true}"#,
    ]);
    assert_eq!(outcomes(&run), [Failed, Updated, Updated, Inserted]);
    assert_eq!(run.verdicts[0].user_id, Some(new_id(1)));
    let number = |user: &User| seen(user).get("phone_number").cloned().unwrap_or_default();
    assert_eq!(
        run.updates.iter().map(number).collect::<Vec<_>>(),
        [Value::Null, json!("+85298765432")]
    );
    assert!(!run.updates[1].phone_number_verified, "the mark went with the old number");
    assert!(run.inserts[0].0.phone_number_verified);
}

#[test]
fn a_mark_stays_with_an_unchanged_key() {
    let task = Task::new(Identifier::ExternalId, true)
        .finding(&[r#"{"external_id":"1","email":"a@faß.de","email_verified":true}"#]);
    let same = task.run(&[r#"{"external_id":"1","email":"A@xn--fa-hia.de"}"#]);
    assert_eq!(outcomes(&same), [Updated]);
    assert!(same.updates.is_empty(), "nothing changed, so nothing is written");
    let other = task.run(&[r#"{"external_id":"1","email":"a@fass.de"}"#]);
    assert!(!other.updates[0].email_verified);
    let marked = task.run(&[r#"{"external_id":"1","email":"a@fass.de","email_verified":true}"#]);
    assert!(marked.updates[0].email_verified);
    let unmarked = task.run(&[r#"{"external_id":"1","email":"a@faß.de","email_verified":false}"#]);
    assert!(!unmarked.updates[0].email_verified);
}

#[test]
fn roles_are_made_only_for_records_that_are_written() {
    let task = Task::new(Identifier::Email, false).finding(&[r#"{"email":"a@b.c"}"#]);
    let records = [
        r#"{"email":"a@b.c","roles":["skipped"]}"#,
        r#"{"email":"x@y.z","roles":["made"],"groups":["g"]}"#,
        r#"{"email":"f@y.z","roles":["failed"],"nope":1}"#,
    ];
    let run = task.run(&records);
    assert_eq!(outcomes(&run), [Skipped, Inserted, Failed]);
    assert_eq!(run.new_roles, BTreeSet::from(["made".to_owned()]));
    assert_eq!(run.new_groups, BTreeSet::from(["g".to_owned()]));
    let dry = task.dry().run(&records);
    assert_eq!(outcomes(&dry), [Skipped, Inserted, Failed]);
    assert!(dry.new_roles.is_empty() && dry.new_groups.is_empty() && dry.inserts.is_empty());
}

#[test]
fn a_dry_run_tells_what_the_real_one_would() {
    let task = Task::new(Identifier::Email, true)
        .finding(&[r#"{"email":"a@b.c","phone_number":"+85298765432"}"#]);
    let records = [
        r#"{"email":"a@b.c","phone_number":null,"password":{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}}"#,
        r#"{"email":"x@y.z","phone_number":"+85298765432","disabled":false}"#,
        r#"{"email":"x@y.z","name":"2"}"#,
        r#"{"email":"new@y.z","phone_number":"+85298765432"}"#,
    ];
    let (real, dry) = (task.run(&records), task.clone().dry().run(&records));
    assert_eq!(outcomes(&real), outcomes(&dry));
    for (real, dry) in real.verdicts.iter().zip(&dry.verdicts) {
        assert_eq!((&real.warnings, &real.errors), (&dry.warnings, &dry.errors));
    }
    let ids: Vec<_> = dry.verdicts.iter().map(|verdict| verdict.user_id).collect();
    assert_eq!(ids, [Some(new_id(0)), None, None, None]);
    assert!(dry.inserts.is_empty() && dry.updates.is_empty());
}

#[test]
fn a_user_found_by_several_login_ids_is_one_user() {
    let mut task =
        Task::new(Identifier::Email, true).finding(&[r#"{"email":"a@b.c","external_id":"1"}"#]);
    task.found.push(task.found[0].clone());
    let run = task
        .run(&[r#"{"email":"a@b.c","external_id":"2"}"#, r#"{"email":"n@b.c","external_id":"1"}"#]);
    assert_eq!(outcomes(&run), [Updated, Inserted]);
    assert_eq!(run.updates.len(), 1);
}
