use jsonschema::Validator;

use super::*;

/// Of a schema of the document, whose references are to its components.
fn validator(document: &Value, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let item = |(path, item): (&String, &Value)| -> Vec<(String, Value)> {
        let methods = item.as_object().unwrap();
        methods.iter().map(|(method, it)| (format!("{method} {path}"), it.clone())).collect()
    };
    paths.iter().flat_map(item).collect()
}

#[test]
fn every_error_of_the_table_is_documented_and_no_other() {
    let document = document();
    let mut reasons = Vec::new();
    let no_operation = document["components"]["responses"].as_object().unwrap();
    let operations = operations(&document);
    let all = operations.iter().flat_map(|(_, it)| it["responses"].as_object().unwrap());
    for (status, response) in all.chain(no_operation) {
        let examples = response["content"]["application/json"]["examples"].as_object();
        for (reason, example) in examples.into_iter().flatten() {
            let kind = kind::ALL.iter().find(|kind| kind.reason == reason).unwrap();
            assert_eq!(*status, kind.code.to_string(), "{reason}");
            assert_eq!(example["value"]["error"]["name"], kind.name);
            reasons.push(kind.reason);
        }
    }
    for kind in kind::ALL {
        assert!(reasons.contains(&kind.reason), "{} is documented nowhere", kind.reason);
    }
}

#[test]
fn every_example_keeps_its_schema() {
    let document = document();
    let mut checked = 0;
    for (name, operation) in operations(&document) {
        let request = operation["requestBody"]["content"].as_object();
        let answers = operation["responses"].as_object().unwrap().values();
        let answers = answers.filter_map(|answer| answer["content"].as_object());
        for (media, content) in request.into_iter().chain(answers).flatten() {
            let validator = validator(&document, &content["schema"]);
            let mut examples: Vec<Value> = content["examples"]
                .as_object()
                .into_iter()
                .flat_map(|all| all.values().map(|it| it["value"].clone()))
                .collect();
            examples.extend(match (media.as_str(), &content["example"]) {
                (_, Value::Null) => vec![],
                ("application/json", example) => vec![example.clone()],
                ("text/event-stream", Value::String(text)) => {
                    vec![json(text.split_once("data: ").unwrap().1)]
                }
                (ndjson, Value::String(text)) if ndjson.contains("json") => {
                    text.lines().map(json).collect()
                }
                (_, text) => vec![text.clone()],
            });
            assert!(!examples.is_empty(), "{name} has no example of {media}");
            for example in examples {
                let errors: Vec<_> =
                    validator.iter_errors(&example).map(|e| e.to_string()).collect();
                assert!(errors.is_empty(), "{name}, {media}: {errors:?} in {example}");
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn operations_have_names_of_their_own_and_say_whether_they_need_a_token() {
    let operations = operations(&document());
    for (place, (path, operation)) in operations.iter().enumerate() {
        let name = &operation["operationId"];
        assert!(!operations[..place].iter().any(|(_, it)| it["operationId"] == *name), "{name}");
        let needs_token = operation["security"] != json!([]);
        assert_eq!(needs_token, path.contains(ADMIN), "{path}");
        assert_eq!(operation["responses"].get("401").is_some(), needs_token, "{path}");
    }
}
