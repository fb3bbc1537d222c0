//! A row as a JSON object.

/// How a cell is read. In each an empty cell is absent, and `\N` is null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Text,
    /// `true` and `false`; anything else stays text, and is judged with the record.
    Boolean,
    /// Texts between semicolons; `[]` is none.
    List,
}

/// A member of a record.
pub(super) enum Node {
    Cell { name: Vec<u8>, column: usize, read: Read },
    Object { name: Vec<u8>, members: Vec<Node> },
}

/// Arbitrary; a record may be 32 deep.
const DEPTH_MAX: usize = 30;

impl Node {
    /// Puts a column where its path leads. False: a cell and an object would have one name.
    pub fn insert(members: &mut Vec<Self>, path: &str, column: usize, read: Read) -> bool {
        if path.split('.').count() > DEPTH_MAX {
            return false;
        }
        let (name, below) =
            path.split_once('.').map_or((path, None), |(name, below)| (name, Some(below)));
        let mut quoted = Vec::new();
        write_text(name.as_bytes(), &mut quoted);
        let there = members.iter_mut().find(|member| *member.name() == quoted);
        match (there, below) {
            (None, None) => members.push(Self::Cell { name: quoted, column, read }),
            (None, Some(below)) => {
                let mut inner = Vec::new();
                Self::insert(&mut inner, below, column, read);
                members.push(Self::Object { name: quoted, members: inner });
            }
            (Some(Self::Object { members, .. }), Some(below)) => {
                return Self::insert(members, below, column, read);
            }
            (Some(_), _) => return false,
        }
        true
    }

    fn name(&self) -> &Vec<u8> {
        match self {
            Self::Cell { name, .. } | Self::Object { name, .. } => name,
        }
    }

    /// Appends the object; true if it has a member.
    pub fn write_object(members: &[Self], cells: &[&[u8]], out: &mut Vec<u8>) -> bool {
        out.push(b'{');
        let mut has_member = false;
        for member in members {
            let start = out.len();
            if has_member {
                out.push(b',');
            }
            out.extend_from_slice(member.name());
            out.push(b':');
            let is_there = match member {
                Self::Cell { column, read, .. } => write_cell(cells[*column], *read, out),
                Self::Object { members, .. } => Self::write_object(members, cells, out),
            };
            if is_there {
                has_member = true;
            } else {
                out.truncate(start);
            }
        }
        out.push(b'}');
        has_member
    }
}

/// False where the cell is absent.
fn write_cell(cell: &[u8], read: Read, out: &mut Vec<u8>) -> bool {
    match (cell, read) {
        (b"", _) => return false,
        (b"\\N", _) => out.extend_from_slice(b"null"),
        (b"true" | b"false", Read::Boolean) => out.extend_from_slice(cell),
        (b"[]", Read::List) => out.extend_from_slice(b"[]"),
        (_, Read::List) => {
            out.push(b'[');
            for (position, item) in cell.split(|byte| *byte == b';').enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_text(item, out);
            }
            out.push(b']');
        }
        (_, Read::Text | Read::Boolean) => write_text(cell, out),
    }
    true
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
