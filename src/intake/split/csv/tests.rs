//! CSV, over every boundary, and where it is broken.

use super::*;

const LIMIT: usize = 200;

/// Every entry of a file that comes in pieces of `size`, as (line, record or what it is).
fn split(file: &str, size: usize) -> Result<Vec<(u64, String)>, String> {
    let mut csv = Csv::new(LIMIT);
    let mut entries = Vec::new();
    let mut note = |entry: Entry<'_>| {
        let text = match entry.kind {
            Kind::Json(json) => String::from_utf8_lossy(json).into_owned(),
            other => format!("{other:?}"),
        };
        entries.push((entry.line, text));
    };
    let told = |error: Error| match error {
        Error::Broken { line, .. } => format!("line {line}"),
        Error::Columns(count) => format!("{count} columns"),
    };
    for mut piece in file.as_bytes().chunks(size) {
        while let Some(entry) = csv.next(&mut piece).map_err(told)? {
            note(entry);
        }
    }
    csv.end().map_err(told)?.into_iter().for_each(note);
    Ok(entries)
}

fn same_over_every_boundary(file: &str) -> Result<Vec<(u64, String)>, String> {
    let whole = split(file, file.len().max(1));
    for size in 1..file.len() {
        assert_eq!(split(file, size), whole, "pieces of {size}");
    }
    whole
}

fn entry(line: u64, text: &str) -> (u64, String) {
    (line, text.to_owned())
}

#[test]
fn a_dot_reaches_into_an_object() {
    let file = "\u{feff}email,address.locality,password.type,address.country,mfa.totp.secret,password.password_hash,custom_attributes.a.b\r\n\
                a@b.c,Wien,bcrypt,AT,ABC,$2a$,x\r\n\
                b@b.c,,,,,,\r\n";
    assert_eq!(
        same_over_every_boundary(file).unwrap(),
        [
            entry(
                2,
                r#"{"email":"a@b.c","address":{"locality":"Wien","country":"AT"},"password":{"type":"bcrypt","password_hash":"$2a$"},"mfa":{"totp":{"secret":"ABC"}},"custom_attributes":{"a":{"b":"x"}}}"#
            ),
            entry(3, r#"{"email":"b@b.c"}"#),
        ]
    );
}

#[test]
fn cells_are_read_by_their_column() {
    let file = "email,email_verified,custom_attributes.vip,name,roles,groups\n\
                a,true,false,true,r;s t,[]\n\
                b,yes,1,\\N,\\N,g\n";
    assert_eq!(
        same_over_every_boundary(file).unwrap(),
        [
            entry(
                2,
                r#"{"email":"a","email_verified":true,"custom_attributes":{"vip":false},"name":"true","roles":["r","s t"],"groups":[]}"#
            ),
            entry(
                3,
                r#"{"email":"b","email_verified":"yes","custom_attributes":{"vip":"1"},"name":null,"roles":null,"groups":["g"]}"#
            ),
        ]
    );
}

#[test]
fn quotes_hold_commas_lines_and_quotes() {
    let file = "name,email\r\n\"a,\"\"b\"\"\r\nc\",x\r\n\"\",\"y\"\r\n\n\t\u{1}\\,z";
    assert_eq!(
        same_over_every_boundary(file).unwrap(),
        [
            entry(2, r#"{"name":"a,\"b\"\r\nc","email":"x"}"#),
            entry(4, r#"{"email":"y"}"#),
            entry(6, r#"{"name":"\t\u0001\\","email":"z"}"#),
        ]
    );
}

#[test]
fn a_byte_order_mark_is_passed_over_at_the_beginning_alone() {
    let record = [entry(2, r#"{"email":"a"}"#)];
    assert_eq!(same_over_every_boundary("\u{feff}\"email\"\na\n").unwrap(), record);
    let second = [entry(3, "{\"email\":\"\u{feff}a\"}")];
    assert_eq!(same_over_every_boundary("\u{feff}\r\nemail\n\u{feff}a\n").unwrap(), second);
    for twice in ["\u{feff}\u{feff}email\na\n", "\n\u{feff}email\na\n"] {
        assert_eq!(same_over_every_boundary(twice).unwrap_err(), "1 columns");
    }
}

#[test]
fn a_carriage_return_before_the_end_of_the_file_ends_a_line() {
    for file in ["email\na\r", "email\n\"a\"\r", "email\na\r\n\r"] {
        assert_eq!(same_over_every_boundary(file).unwrap(), [entry(2, r#"{"email":"a"}"#)]);
    }
}

#[test]
fn a_row_of_the_wrong_length_or_too_large_harms_itself_alone() {
    let long = "x".repeat(LIMIT);
    let file = format!("name,email\na\nb,c\n{long},d\n\"{long}\n\",e\nf,g,h\ni,j\n");
    assert_eq!(
        same_over_every_boundary(&file).unwrap(),
        [
            entry(2, "BadRow { cells: 1, columns: 2 }"),
            entry(3, r#"{"name":"b","email":"c"}"#),
            entry(4, "TooLarge { limit: 200 }"),
            entry(5, "TooLarge { limit: 200 }"),
            entry(7, "BadRow { cells: 3, columns: 2 }"),
            entry(8, r#"{"name":"i","email":"j"}"#),
        ]
    );
}

#[test]
fn broken_quoting_is_told_with_the_line_it_began_on() {
    for (file, told) in [
        ("name\na\n\"b\nc\n", "line 3"),
        ("name\n\"a\n\nb\"c\n", "line 2"),
        ("name\n\na\"b\n", "line 3"),
        ("name\n\"a\"\rb\n", "line 2"),
        ("\"name\n", "line 1"),
    ] {
        assert_eq!(same_over_every_boundary(file).unwrap_err(), told, "{file:?}");
    }
}

#[test]
fn unknown_and_doubled_columns_are_counted() {
    for (header, told) in [
        ("email,email", "1 columns"),
        ("email,foo,custom_attributes.,address", "3 columns"),
        ("custom_attributes.a,custom_attributes.a.b", "1 columns"),
        ("a@example.com,$2a$10$x,", "3 columns"),
    ] {
        assert_eq!(
            same_over_every_boundary(&format!("{header}\nx\n")).unwrap_err(),
            told,
            "{header}"
        );
    }
}

#[test]
fn a_file_without_a_row_has_no_record() {
    for file in ["", "\n\n", "email", "email\n", "\u{feff}email\r\n\r\n"] {
        assert_eq!(same_over_every_boundary(file).unwrap(), [], "{file:?}");
    }
}
