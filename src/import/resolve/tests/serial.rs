//! A run of records does what its records do one by one, each against what the one before left.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Few values, so that records meet.
fn record() -> impl Strategy<Value = String> {
    let members = [
        ("preferred_username", vec!["null", r#""u""#, r#""v""#]),
        ("phone_number", vec!["null", r#""+85298765432""#, r#""+85298760000""#]),
        ("external_id", vec!["null", r#""1""#, r#""2""#]),
        ("phone_number_verified", vec!["true", "false"]),
        ("email_verified", vec!["true", "false"]),
        ("name", vec!["null", r#""x""#, r#""y""#, r#""""#]),
        ("custom_attributes", vec![r#"{"a":1}"#, r#"{"a":null,"b":2}"#]),
        ("roles", vec!["[]", r#"["r"]"#, r#"["s"]"#]),
        ("account_valid_from", vec![r#""2024-01-01T00:00:00Z""#]),
        ("account_valid_until", vec![r#""2023-01-01T00:00:00Z""#, r#""2025-01-01T00:00:00Z""#]),
        ("nope", vec!["1"]),
    ];
    let member = members.map(|(name, values)| {
        proptest::option::weighted(0.25, select(values))
            .prop_map(move |value| Some(format!(",\"{name}\":{}", value?)))
    });
    (select(vec!["a@b.c", "d@e.f", "g@h.i"]), member).prop_map(|(email, members)| {
        let members: String = members.into_iter().flatten().collect();
        format!("{{\"email\":\"{email}\"{members}}}")
    })
}

/// Runs the records one by one, as so many chunks.
fn one_by_one(task: &Task, records: &[&str]) -> (Vec<Verdict>, Vec<BTreeMap<String, Value>>) {
    let mut task = task.clone();
    let mut verdicts = Vec::new();
    for (index, record) in records.iter().enumerate() {
        // The index decides the new user's id, so the others stand before it as no records.
        let mut padded = vec!["broken"; index];
        padded.push(record);
        let mut run = task.run(&padded);
        verdicts.extend(run.verdicts.pop());
        for updated in run.updates {
            let place =
                task.found.iter().position(|user| user.id == updated.id).expect("a found user");
            task.found[place] = updated;
        }
        task.found.extend(run.inserts.into_iter().map(|(user, _)| *user));
    }
    (verdicts, task.found.iter().map(seen).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_equals_its_records_one_by_one(
        records in proptest::collection::vec(record(), 1..12),
        upsert: bool,
        existing: bool,
    ) {
        let records: Vec<_> = records.iter().map(String::as_str).collect();
        let task = Task::new(Identifier::Email, upsert);
        let task = if existing { task.knowing(&["r"]) } else { task };
        let (verdicts, users) = one_by_one(&task, &records);
        let run = task.run(&records);
        prop_assert_eq!(&run.verdicts, &verdicts);
        let made: Vec<_> = run.inserts.iter().map(|(user, _)| seen(user)).collect();
        prop_assert_eq!(&made, &users);
        prop_assert_eq!(run.verdicts.len(), records.len());

        let rules = task.rules();
        if !upsert {
            let mut inserting = Inserting::new(&rules, records.len());
            let decisions = task.candidates(&records).into_iter().map(|it| inserting.decide(it));
            let (told, made): (Vec<_>, Vec<_>) = decisions.map(|it| (it.verdict, it.insert)).unzip();
            prop_assert_eq!(&told, &run.verdicts);
            let made: Vec<_> = made.iter().flatten().map(|(user, _)| seen(user)).collect();
            prop_assert_eq!(made, users);
            prop_assert_eq!(inserting.finish(), (run.new_roles.clone(), run.new_groups.clone()));
        }

        let dry = task.clone().dry().run(&records);
        prop_assert_eq!(outcomes(&dry), outcomes(&run));
    }
}
