//! A table of spellings: what each is compared by, or why it is refused.

mod emails;
mod names;
mod phone_numbers;

use super::*;

#[derive(Clone, Copy)]
enum Project {
    Default,
    CaseSensitive,
    IgnoringDots,
    AnyUsername,
    AnyCaseSensitiveUsername,
}

fn settings(project: Project) -> Settings {
    let defaults = Settings::default();
    match project {
        Project::Default => defaults,
        Project::CaseSensitive => {
            Settings { email_case_sensitive: true, username_case_sensitive: true, ..defaults }
        }
        Project::IgnoringDots => Settings { email_ignore_dot_sign: true, ..defaults },
        Project::AnyUsername => Settings { username_ascii_only: false, ..defaults },
        Project::AnyCaseSensitiveUsername => {
            Settings { username_ascii_only: false, username_case_sensitive: true, ..defaults }
        }
    }
}

/// Each spelling has this key, and the key and the shown value have it again.
fn check(
    identifier: Identifier,
    project: Project,
    spelling: &str,
    expected: Result<&str, Refused>,
) {
    let settings = settings(project);
    let login_id = normalise(identifier, spelling, &settings);
    let key = login_id.as_ref().map(|login_id| login_id.key.as_str()).map_err(|refused| *refused);
    assert_eq!(key, expected, "{spelling:?}");
    if let Ok(login_id) = login_id {
        assert_ne!(login_id.value.as_deref(), Some(login_id.key.as_str()), "{spelling:?}");
        for again in [login_id.key.as_str(), login_id.shown()] {
            assert_eq!(
                normalise(identifier, again, &settings).as_ref(),
                Ok(&login_id),
                "{again:?}"
            );
        }
    }
}

#[test]
fn lengths_hold_after_normalising() {
    let defaults = Settings::default();
    let domain = "@example.com";
    let local = "a".repeat(320 - domain.len());
    assert!(email(&format!("   {local}{domain}   "), &defaults).is_ok());
    let long = email(&format!("{local}a{domain}"), &defaults);
    assert_eq!(long, Err(Refused::TooLong { max: 320, actual: 321 }));
    // Characters, not bytes; and of what is shown, not of punycode.
    assert!(email(&format!("{}{domain}", "ü".repeat(308)), &defaults).is_ok());
    assert!(email(&format!("{}@{}.de", "a".repeat(308), "ü".repeat(8)), &defaults).is_ok());
    // `ß` folds to two letters, and `ﬃ` is three.
    assert!(email(&format!("{}{domain}", "ﬃ".repeat(103)), &defaults).is_err());
    // RFC 1035 and RFC 5321.
    let label = "a".repeat(63);
    assert!(email(&format!("a@{label}.{label}.{label}.{label}"), &defaults).is_ok());
    assert_eq!(email(&format!("a@{label}a.com"), &defaults), Err(Refused::Format("email")));
    assert_eq!(
        email(&format!("a@{label}.{label}.{label}.{label}.a"), &defaults),
        Err(Refused::Format("email"))
    );
    let dotted = format!("{}{domain}", "a.".repeat(400) + "b");
    assert_eq!(email(&dotted, &defaults), Err(Refused::TooLong { max: 320, actual: 813 }));
    assert!(email(&dotted, &settings(Project::IgnoringDots)).is_err());

    assert!(preferred_username(&"a".repeat(40), &defaults).is_ok());
    let long = preferred_username(&"a".repeat(41), &defaults);
    assert_eq!(long, Err(Refused::TooLong { max: 40, actual: 41 }));
    let any = settings(Project::AnyUsername);
    assert!(preferred_username(&"ü".repeat(40), &any).is_ok());
    assert!(preferred_username(&"u\u{308}".repeat(40), &any).is_ok());
    assert!(preferred_username(&"ﬁ".repeat(21), &any).is_err());

    assert!(external_id(&"é".repeat(255)).is_ok());
    assert_eq!(external_id(&"é".repeat(256)), Err(Refused::TooLong { max: 255, actual: 256 }));
}

#[test]
fn the_shown_domain_is_unicode() {
    let defaults = Settings::default();
    for (spelling, shown) in [
        ("User@XN--FA-HIA.de", "user@faß.de"),
        ("user@faß.de", "user@faß.de"),
        ("user@Example.com", "user@example.com"),
        ("straße@BÜCHER.example", "strasse@bücher.example"),
    ] {
        assert_eq!(email(spelling, &defaults).unwrap().shown(), shown);
    }
    assert_eq!(email("user@example.com", &defaults).unwrap().value, None);
}

/// No character, alone or beside others, has a key that normalises to another one. Planes
/// without assigned characters are left out.
#[test]
fn keys_are_stable_for_every_character() {
    let settings = settings(Project::AnyUsername);
    for char in ('\0'..='\u{3ffff}').chain('\u{e0000}'..='\u{e0fff}') {
        for spelling in
            [format!("{char}@e.de"), format!("a{char}\u{345}b@e.de"), format!("a@{char}x.de")]
        {
            if let Ok(login_id) = email(&spelling, &settings) {
                assert_eq!(email(&login_id.key, &settings).as_ref(), Ok(&login_id), "{spelling:?}");
                assert_eq!(
                    email(login_id.shown(), &settings).as_ref(),
                    Ok(&login_id),
                    "{spelling:?}"
                );
            }
        }
        if let Ok(login_id) = preferred_username(&format!("a{char}"), &settings) {
            assert_eq!(
                preferred_username(&login_id.key, &settings).as_ref(),
                Ok(&login_id),
                "{char:?}"
            );
        }
    }
}
