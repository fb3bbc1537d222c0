use proptest::prelude::*;

use super::*;

fn broken_at(json: &[u8]) -> (usize, usize) {
    let position = read(json).expect_err("no object");
    (position.line, position.column)
}

#[test]
fn members_keep_their_order_and_their_spelling() {
    let Object { members, .. } =
        read(br#" {"a": 1.50, "\u0061" : [1, {"b":2}] ,"c":"\u00e9" } "#).unwrap();
    let spelled: Vec<_> =
        members.iter().map(|m| (&*m.name, m.spelled.get(), m.value.get())).collect();
    assert_eq!(
        spelled,
        [
            ("a", r#""a""#, "1.50"),
            ("a", r#""\u0061""#, r#"[1, {"b":2}]"#),
            ("c", r#""c""#, r#""\u00e9""#)
        ]
    );
}

#[test]
fn what_is_no_object_is_refused_where_it_breaks() {
    assert_eq!(broken_at(b""), (1, 1));
    assert_eq!(broken_at(b"  42"), (1, 3));
    assert_eq!(broken_at(b"[]"), (1, 1));
    assert_eq!(broken_at(b"null"), (1, 1));
    assert_eq!(broken_at(b"{\"a\":1} x"), (1, 9));
    assert_eq!(broken_at(b"{\"a\" 1}"), (1, 6));
    assert_eq!(broken_at(b"{\"a\":1,}"), (1, 8));
    assert_eq!(broken_at(b"{\"a\":\n01}"), (2, 2));
    assert_eq!(broken_at(b"{\"a\":\"\xff\"}"), (1, 7));
    assert_eq!(broken_at(b"\xef\xbb\xbf{}"), (1, 1));
    assert_eq!(broken_at(b"{\"a\":\"x\x00\"}").0, 1);
    assert_eq!(broken_at(b"{1:2}").0, 1);
}

#[test]
fn lone_surrogates_are_refused_and_pairs_are_not() {
    for lone in
        [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00"}"#, r#"{"a":"\ud800\u0041"}"#, r#"{"\ud83d":1}"#]
    {
        assert!(read(lone.as_bytes()).is_err(), "{lone}");
    }
    for sound in [r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\\ud800"}"#, r#"{"a":"\uD83D\uDE00\\"}"#] {
        assert!(read(sound.as_bytes()).is_ok(), "{sound}");
    }
    assert_eq!(broken_at(br#"{"a":["x","\ud800"]}"#), (1, 12));
}

#[test]
fn hostile_depth_costs_no_stack() {
    let depth = 400_000;
    let json = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(read(json.as_bytes()).unwrap().members.len(), 1);
}

#[test]
fn levels_beyond_the_scanners_are_read_all_the_same() {
    for depth in [100, 127, 128, 129, 200] {
        let array = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let json = format!("{{\"a\":{array},\"b\":{{}}}}");
        let Object { members, .. } = read(json.as_bytes()).unwrap();
        assert_eq!((members[0].value.get(), members[1].value.get()), (&*array, "{}"));
        let elements = elements(members[0].value);
        assert_eq!(elements[0].get(), &array[1..array.len() - 1]);
        assert!(read(&json.as_bytes()[..json.len() - 1]).is_err());
    }
}

/// Name and value as they are spelled, and whether either is escaped.
type Plain = (String, String, bool, bool);

/// What the scanner and `serde_json` make of a text, in one form.
fn both(text: &str) -> [Option<Vec<Plain>>; 2] {
    let members = |members: Vec<Member<'_>>| {
        let plain = |member: &Member<'_>| {
            let Member { spelled, value, .. } = member;
            let (name, text) = (spelled.get().to_owned(), value.get().to_owned());
            (name, text, spelled.has_escape, value.has_escape)
        };
        members.iter().map(plain).collect()
    };
    [values::members(text).map(members), read_again(text).ok().map(members)]
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?([eE][+-]?[0-9]{1,2})?",
        r#""([a-zé😀 ]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,20}""#,
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 4, |value| {
        let space = "[ \t\r\n]{0,2}";
        let name = r#""[a-z\\\\]{0,2}""#
            .prop_filter("sound", |name| serde_json::from_str::<String>(name).is_ok());
        let member = (space, name, space, value.clone())
            .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{a}{value}{b}"));
        prop_oneof![
            prop::collection::vec((value, space), 0..4).prop_map(|elements| {
                let spaced: Vec<_> = elements.iter().map(|(v, s)| format!("{s}{v}{s}")).collect();
                format!("[{}]", spaced.join(","))
            }),
            prop::collection::vec(member, 0..4).prop_map(|all| format!("{{{}}}", all.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn sound_json_is_read_as_serde_reads_it(value in value()) {
        let [scanned, read] = both(&format!("{{\"a\":{value}}}"));
        prop_assert!(scanned.is_some());
        prop_assert_eq!(scanned, read);
    }

    #[test]
    fn broken_json_is_refused_as_serde_refuses_it(
        value in value(),
        at in any::<prop::sample::Index>(),
        removed in 0_usize..3,
        put in prop::sample::select(vec![
            "", "\"", "\\", "\\u", "\\x", "{", "}", "[", "]", ",", ":", "-", "+", ".", "0", "1", "e", "t", " ", "\n", "\u{1}",
            "\u{1f}", "\u{7f}", "\u{85}", "é",
        ]),
    ) {
        let sound = format!("{{\"a\":{value}}}");
        let mut chars: Vec<char> = sound.chars().collect();
        let at = at.index(chars.len());
        let end = (at + removed).min(chars.len());
        chars.splice(at..end, put.chars());
        let text: String = chars.into_iter().collect();
        let [scanned, read] = both(&text);
        prop_assert_eq!(scanned, read, "{}", text);
    }

    #[test]
    fn pieces_of_json_are_read_as_serde_reads_them(text in r#"[\{\}\[\]",:\\ \-+.0-9eEutrlfasn\t\x01é]{0,40}"#) {
        for text in [&text, &format!("{{\"a\":{text}}}"), &format!("{{\"{text}\":1}}")] {
            let [scanned, read] = both(text);
            prop_assert_eq!(scanned, read, "{}", text);
        }
    }
}
