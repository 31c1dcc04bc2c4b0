//! One line of the input.

use super::BadKind;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What a good line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) topic: Cow<'a, str>,
    /// JSON text, as it stands in the line.
    pub(super) data: &'a str,
}

/// Why a line is no event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offence {
    pub(super) kind: BadKind,
    pub(super) column: Option<usize>,
    pub(super) message: String,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a topic and data")]
struct Shape<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl<'a> Record<'a> {
    pub(super) fn read(line: &'a [u8]) -> Result<Self, Offence> {
        let text = std::str::from_utf8(line).map_err(|error| Offence {
            kind: BadKind::NotUtf8,
            column: Some(error.valid_up_to() + 1),
            message: format!("not UTF-8: byte 0x{:02x}", line[error.valid_up_to()]),
        })?;
        let shape: Shape<'_> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        eventcast::check_topic(&shape.topic).map_err(|error| Offence {
            kind: BadKind::Malformed,
            column: None,
            message: error.to_string(),
        })?;
        Ok(Self { topic: shape.topic, data: shape.data.get() })
    }
}

fn malformed(error: &serde_json::Error) -> Offence {
    // The message ends with a position that counts the one line it saw.
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let what = match error.classify() {
        Category::Data => "not an event",
        _ => "not JSON",
    };
    Offence {
        kind: BadKind::Malformed,
        column: (error.column() > 0).then_some(error.column()),
        message: format!("{what}: {message}"),
    }
}

pub(super) fn too_long(bytes: u64, max: usize) -> Offence {
    Offence {
        kind: BadKind::TooLong,
        column: None,
        message: format!("too long: {bytes} bytes, at most {max} (see --max-line)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offence(line: &str) -> (Option<usize>, String) {
        let offence = Record::read(line.as_bytes()).unwrap_err();
        assert_eq!(offence.kind, BadKind::Malformed);
        (offence.column, offence.message)
    }

    #[test]
    fn good_lines() {
        let read = |line| Record::read(line).unwrap();
        let record = read(br#"{"topic":"a.b","data":{"x": [1, 2.50]}}"#);
        assert_eq!((&*record.topic, record.data), ("a.b", r#"{"x": [1, 2.50]}"#));
        let record = read(br#" { "extra": 1, "data": null, "topic": "\u0061" } "#);
        assert_eq!((&*record.topic, record.data), ("a", "null"));
    }

    #[test]
    fn bad_lines() {
        assert_eq!(
            offence(r#"{"topic":"a" "data":1}"#),
            (Some(14), "not JSON: expected `,` or `}`".to_owned())
        );
        assert_eq!(
            offence(r#"{"topic":"a""#),
            (Some(12), "not JSON: EOF while parsing an object".to_owned())
        );
        assert_eq!(offence(r#"{"topic":"a"}"#), (Some(13), "not an event: missing field `data`".to_owned()));
        assert_eq!(
            offence(r#"{"topic":7,"data":1}"#).1,
            "not an event: invalid type: integer `7`, expected a string"
        );
        assert_eq!(
            offence(r#"7"#).1,
            "not an event: invalid type: integer `7`, expected an object with a topic and data"
        );
        assert_eq!(
            offence(r#"{"topic":"a..b","data":1}"#),
            (None, r#"topic "a..b": token 2 is empty (column 3)"#.to_owned())
        );
        assert_eq!(
            offence(r#"{"topic":"a","data":1} x"#),
            (Some(24), "not JSON: trailing characters".to_owned())
        );
    }

    #[test]
    fn lines_that_are_no_text() {
        let offence = Record::read(b"{\"topic\":\"\xFF\"}").unwrap_err();
        assert_eq!((offence.kind, offence.column), (BadKind::NotUtf8, Some(11)));
        assert_eq!(offence.message, "not UTF-8: byte 0xff");
    }
}
