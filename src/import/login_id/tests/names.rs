use super::Project::{AnyCaseSensitiveUsername, AnyUsername, CaseSensitive, Default};
use super::*;

const U: Refused = Refused::Format("preferred_username");
const X: Refused = Refused::Format("external_id");

const USERNAMES: &[(Project, &str, Result<&str, Refused>)] = &[
    (Default, "user1", Ok("user1")),
    (Default, "User_1-a.B", Ok("user_1-a.b")),
    (CaseSensitive, "User1", Ok("User1")),
    (Default, "  user1 ", Ok("user1")),
    (Default, "Ｕｓｅｒ１", Ok("user1")),
    (CaseSensitive, "Ｕｓｅｒ１", Ok("User1")),
    (Default, "\u{212a}elvin", Ok("kelvin")),
    (Default, "ﬁona", Ok("fiona")),
    (Default, "\u{017f}ara", Ok("sara")),
    (Default, "①②", Ok("12")),
    (Default, "-", Ok("-")),
    (Default, "...", Ok("...")),
    (Default, "", Err(Refused::Empty)),
    (Default, "\u{3000}", Err(Refused::Empty)),
    (Default, "user 1", Err(U)),
    (Default, "user@1", Err(U)),
    (Default, "user+1", Err(U)),
    (Default, "us\u{200d}er", Err(U)),
    (Default, "us\u{ad}er", Err(U)),
    (Default, "us\ter", Err(U)),
    (Default, "us\0er", Err(U)),
    (Default, "müller", Err(U)),
    (Default, "straße", Err(U)),
    (Default, "İ", Err(U)),
    (Default, "用户", Err(U)),
    (Default, "аdmin", Err(U)),
    (AnyUsername, "Müller", Ok("müller")),
    (AnyUsername, "Mu\u{308}ller", Ok("müller")),
    (AnyCaseSensitiveUsername, "Mu\u{308}ller", Ok("Müller")),
    (AnyUsername, "Straße", Ok("straße")),
    (AnyUsername, "ΣΊΣΥΦΟΣ", Ok("σίσυφοσ")),
    (AnyUsername, "İ", Ok("i\u{307}")),
    (AnyUsername, "用户", Ok("用户")),
    (AnyUsername, "ｶﾅ", Ok("カナ")),
    (AnyUsername, "user@1!", Ok("user@1!")),
    (AnyUsername, "אבג", Ok("אבג")),
    (AnyUsername, "אa", Err(U)),
    (AnyUsername, "user 1", Err(U)),
    (AnyUsername, "us\u{200b}er", Err(U)),
    (AnyUsername, "us\u{ad}er", Err(U)),
    (AnyUsername, "a¨b", Err(U)),
    (AnyUsername, "😀", Err(U)),
    (AnyUsername, "\u{e000}", Err(U)),
];

#[test]
fn every_spelling_of_a_username_has_one_key() {
    for (project, spelling, expected) in USERNAMES {
        check(Identifier::PreferredUsername, *project, spelling, *expected);
    }
}

#[test]
fn external_ids_are_compared_as_they_are() {
    for (spelling, expected) in [
        ("legacy-1", Ok("legacy-1")),
        (" Legacy 1 ", Ok(" Legacy 1 ")),
        (" ", Ok(" ")),
        ("ﬁ\u{200b}İ", Ok("ﬁ\u{200b}İ")),
        ("e\u{301}", Ok("e\u{301}")),
        ("", Err(Refused::Empty)),
        ("a\tb", Err(X)),
        ("a\n", Err(X)),
        ("a\u{85}", Err(X)),
        ("a\u{7f}", Err(X)),
        ("\0", Err(X)),
    ] {
        check(Identifier::ExternalId, Default, spelling, expected);
    }
}
