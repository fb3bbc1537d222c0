//! The upsert table of record.md through the real path: request, broker, worker, and the user as
//! a caller sees it.

mod more_rows;
mod rows;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::harness::{Client, World, assert_converged};
use more_rows::MORE_ROWS;
use rows::Seen::{Fails, Shows, WrongType};
use rows::{BARE, OLD, ROWS, ROWS_BY_EMAIL, Row, STANDARD, Seen};

/// The rows of an identifier, and the numbers of the users that they concern.
struct Table {
    identifier: &'static str,
    rows: Vec<Row>,
    /// Of the first row's user that is there before.
    first: usize,
}

/// What the users that are inserted by a table are numbered from: with and without upsert.
const INSERTED: [(bool, usize); 2] = [(true, 1000), (false, 2000)];

fn parsed(text: &str, number: usize) -> Value {
    let text = text.replace('#', &format!("{number:05}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A standard attribute with a value, with null and with the empty string, which means null.
fn standard() -> impl Iterator<Item = Row> {
    STANDARD.iter().flat_map(|(name, value)| {
        let text = |value: Value| -> &'static str { json!({*name: value}).to_string().leak() };
        let given = text(json!(value));
        let removed = Shows(text(Value::Null), &[]);
        [
            (given, Shows(given, &[]), Shows(given, &[])),
            (text(Value::Null), Shows("{}", &[]), removed),
            (text(json!("")), Shows("{}", &[]), removed),
        ]
    })
}

/// A user changed as a row says: a dot reaches into an object, null takes away.
fn changed(mut user: Value, changes: &Value) -> Value {
    for (name, new) in changes.as_object().unwrap() {
        let (object, name) = match name.split_once('.') {
            None => (&mut user, name.as_str()),
            Some((object, name)) => (&mut user[object], name),
        };
        if new.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = new.clone();
        }
    }
    user
}

/// The user of [`OLD`] as it is shown: without its secrets.
fn old(number: usize) -> Value {
    let mut user = parsed(OLD, number);
    for password in ["/password", "/mfa/password"] {
        let password = user.pointer_mut(password).unwrap().as_object_mut().unwrap();
        password.remove("password_hash");
    }
    user["mfa"]["totp"] = json!(true);
    user
}

impl Table {
    /// The identifier and its value, the same whether its user is there or is made.
    fn identity(&self, number: usize) -> Value {
        json!({self.identifier: parsed(OLD, number)[self.identifier]})
    }

    fn record(&self, (sent, ..): &Row, number: usize) -> Value {
        let mut record = self.identity(number);
        record.as_object_mut().unwrap().append(parsed(sent, number).as_object_mut().unwrap());
        record
    }

    fn bare(&self, number: usize) -> Value {
        let mut user = changed(parsed(BARE, number), &self.identity(number));
        if self.identifier == "email" {
            user["email_verified"] = json!(false);
        }
        user
    }

    async fn import(
        &self,
        world: &World,
        client: &Client,
        upsert: bool,
        records: Vec<Value>,
    ) -> Vec<Value> {
        let body = json!({"identifier": self.identifier, "upsert": upsert, "records": records});
        let task = client.import(&body).await.task();
        let mut seen = assert_converged(world, client, &task).await;
        let Value::Array(details) = seen["details"].take() else { panic!("{seen}") };
        details
    }

    /// The record's detail and the user it left, against a row's word.
    async fn check(
        &self,
        client: &Client,
        detail: &Value,
        seen: Seen,
        before: Option<Value>,
        number: usize,
    ) {
        let found = client.get(&self.query(number)).await;
        let errors = || assert_failed(detail, before.as_ref());
        let expected = match seen {
            Shows(changes, warnings) => {
                let outcome = if before.is_some() { "updated" } else { "inserted" };
                assert_eq!(detail["outcome"], outcome, "{detail}");
                assert_eq!(warnings_of(detail), warnings, "{detail}");
                let user = before.unwrap_or_else(|| self.bare(number));
                Some(changed(user, &parsed(changes, number)))
            }
            WrongType(at) => {
                let causes = &errors()["info"]["causes"];
                let cause = json!([at, "type"]);
                assert_eq!(json!([causes[0]["location"], causes[0]["kind"]]), cause, "{detail}");
                assert_eq!(causes.as_array().unwrap().len(), 1, "{detail}");
                before
            }
            Fails(reason) => {
                assert_eq!(errors()["reason"], reason, "{detail}");
                before
            }
        };
        let Some(expected) = expected else {
            assert_eq!(found.status, 404, "{detail}: {}", found.text);
            return;
        };
        let (id, user) = without_times(found.json());
        assert_eq!(user, expected, "{}", detail["record"]);
        assert!(detail["user_id"] == id || matches!(seen, WrongType(_)), "{detail}");
    }

    fn query(&self, number: usize) -> String {
        let value = &self.identity(number)[self.identifier];
        format!("/users?{}={}", self.identifier, value.as_str().unwrap().replace(' ', "%20"))
    }
}

/// The one error of a failed record that changed nothing.
fn assert_failed<'a>(detail: &'a Value, before: Option<&Value>) -> &'a Value {
    assert_eq!(detail["outcome"], "failed", "{detail}");
    assert_eq!(detail["errors"].as_array().map(Vec::len), Some(1), "{detail}");
    let is_resolved = detail["errors"][0]["reason"] != "ValidationFailed" && before.is_some();
    assert_eq!(detail.get("user_id").is_some(), is_resolved, "{detail}");
    assert!(detail.get("warnings").is_none(), "{detail}");
    &detail["errors"][0]
}

fn warnings_of(detail: &Value) -> Vec<&str> {
    let warnings = detail.get("warnings").and_then(Value::as_array);
    warnings.into_iter().flatten().map(|warning| warning["message"].as_str().unwrap()).collect()
}

fn without_times(mut user: Value) -> (Value, Value) {
    let members: &mut Map<String, Value> = user.as_object_mut().unwrap();
    let id = members.remove("id").unwrap();
    assert!(members.remove("created_at").is_some() && members.remove("updated_at").is_some());
    (id, user)
}

/// A digest of the secrets of the users that these records made.
async fn secrets(world: &World, details: &[Value]) -> String {
    let id = |detail: &Value| detail["user_id"].as_str().unwrap().parse().unwrap();
    let ids: Vec<Uuid> = details.iter().map(id).collect();
    let sql = "SELECT md5(string_agg(s::text, ',' ORDER BY user_id)) FROM user_secret s
               WHERE user_id = ANY($1)";
    world.database.row(sql, &[&ids]).await.get(0)
}

async fn check_table(world: &World, client: &Client, table: &Table) {
    let rows = || table.rows.iter().zip(table.first..);
    let olds = rows().map(|(_, number)| parsed(OLD, number)).collect();
    let made = table.import(world, client, false, olds).await;
    let secrets_before = secrets(world, &made).await;
    let mut kept = Vec::new();
    for (upsert, more) in INSERTED {
        let records = rows().flat_map(|(row, number)| {
            [table.record(row, number), table.record(row, number + more)]
        });
        let details = table.import(world, client, upsert, records.collect()).await;
        for ((row, number), details) in rows().zip(details.chunks(2)) {
            table.check(client, &details[1], row.1, None, number + more).await;
            let query = table.query(number);
            if upsert {
                table.check(client, &details[0], row.2, Some(old(number)), number).await;
                kept.push(client.get(&query).await.text);
            } else {
                check_skipped(&details[0], row.2);
                assert_eq!(client.get(&query).await.text, kept[number - table.first], "{query}");
            }
        }
    }
    assert_eq!(secrets(world, &made).await, secrets_before, "a secret is given once");
}

/// Without upsert a user that exists is left alone, and a record is only refused for what it says
/// by itself.
fn check_skipped(detail: &Value, seen: Seen) {
    if matches!(seen, WrongType(_) | Fails("InvalidPasswordHash")) {
        assert_eq!(detail["outcome"], "failed", "{detail}");
        return;
    }
    assert_eq!(detail["outcome"], "skipped", "{detail}");
    let warning = "skipping because upsert = false and user exists";
    assert_eq!(warnings_of(detail), [warning], "{detail}");
    assert!(detail["user_id"].is_string(), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_does_what_the_upsert_table_says() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(2).await;
    let other = json!({"email": "other@example.com", "phone_number": "+436641900000"});
    let other = client.import_records(vec![other], false).await.task();
    assert_converged(&world, &client, &other).await;
    let all = ROWS.iter().copied().chain(standard()).chain(MORE_ROWS.iter().copied());
    let table = Table { identifier: "external_id", rows: all.collect(), first: 0 };
    check_table(&world, &client, &table).await;
    let table = Table { identifier: "email", rows: ROWS_BY_EMAIL.to_vec(), first: 5000 };
    check_table(&world, &client, &table).await;
}
