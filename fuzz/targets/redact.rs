//! The echo of a record: whatever stands at and below `password` and `mfa`, a secret is not shown.
#![no_main]

mod record;

use std::borrow::Cow;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use user_import::import::parse::{Parsed, login_ids, parse};
use user_import::import::record::Given;
use user_import::import::redact::redact;
use user_import::import::settings::Settings;
use user_import::import::task::Identifier;

use record::{CANARY, CANARY_NUMBER};

fuzz_target!(|input: &[u8]| {
    let Some((&knob, rest)) = input.split_first() else { return };
    let identifier = Identifier::ALL[usize::from(knob >> 1) % 4];
    if knob % 2 == 0 {
        // Bytes as they come hold no canary, but whatever JSON the fuzzer finds.
        shown(rest, &parsed(rest, identifier));
        return;
    }
    let Ok(json) = record::write(&mut Unstructured::new(rest)) else { return };
    let parsed = parsed(json.as_bytes(), identifier);
    shown(json.as_bytes(), &parsed);
    if let Some(echo) = &parsed.echo {
        hides(echo, &json);
    }
    hides(&format!("{:?}", parsed.record), &json);
    if let Err(faults) = &parsed.record {
        hides(&serde_json::to_string(faults).expect("faults are JSON"), &json);
    }
});

/// From both ways to an echo, which agree; and intake sees the login ids that apply sees.
fn parsed(json: &[u8], identifier: Identifier) -> Parsed<'_> {
    let settings = Settings::default();
    let parsed = parse(json, identifier, &settings);
    assert_eq!(parsed.echo, redact(json));
    if let Ok(record) = &parsed.record {
        assert!(parsed.echo.is_some(), "a sound record has an echo");
        let keys = login_ids(json, &settings);
        for which in Identifier::ALL {
            let key = match record.login_ids.get(which) {
                Given::Value(login_id) => Some(&login_id.key),
                Given::Absent | Given::Null => None,
            };
            assert_eq!(keys.get(which).as_ref(), key);
        }
    }
    parsed
}

/// An echo is JSON on one line, its own echo, and has every member of the record.
fn shown(json: &[u8], parsed: &Parsed<'_>) {
    let Some(echo) = &parsed.echo else { return };
    assert!(!echo.contains(['\n', '\r']), "{echo:?}");
    assert!(serde_json::from_str::<IgnoredAny>(echo).is_ok(), "{echo:?}");
    assert_eq!(redact(echo.as_bytes()), Some(Cow::Borrowed(&**echo)), "an echo's echo");
    let (sent, kept) = (record::members(json), record::members(echo.as_bytes()));
    assert_eq!(sent.len(), kept.len(), "{echo}");
    for ((name, sent), (same, kept)) in sent.iter().zip(&kept) {
        assert_eq!(name, same);
        if !matches!(name.as_str(), "password" | "mfa") {
            assert_eq!(sent.get().replace(['\n', '\r'], ""), kept.get());
        }
    }
}

/// Neither as it is nor spelled with escapes.
fn hides(text: &str, json: &str) {
    for text in [text, &record::unescaped(text)] {
        for canary in [CANARY, CANARY_NUMBER] {
            assert!(!text.contains(canary), "{canary} of {json:?} is shown: {text:?}");
        }
    }
}
