//! Reading the input: every line becomes an event or a report of what is wrong with it.

mod lines;
mod record;

use lines::{Line, Lines};
use record::Record;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

/// The events of an input and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// Different topics, in the order of their first event.
    pub(crate) topics: Vec<String>,
    pub(crate) records: Vec<InputEvent>,
    pub(crate) bad: Vec<BadLine>,
    pub(crate) lines: u64,
    pub(crate) blank: u64,
    /// Bytes of all payloads.
    pub(crate) bytes: u64,
}

/// One event to publish.
#[derive(Debug)]
pub(crate) struct InputEvent {
    /// Which of [`Input::topics`].
    pub(crate) topic: usize,
    /// The text of its data, as it stood in the input.
    pub(crate) text: Arc<str>,
    /// The same as a value that filters look into: only after [`Input::parse`], and only if it can be one (a number that is
    /// out of range cannot).
    pub(crate) data: Option<Arc<Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BadKind {
    Malformed,
    TooLong,
    NotUtf8,
}

/// A line that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BadLine {
    /// The first is 1.
    pub(crate) line: u64,
    /// In bytes, the first being 1; where it is known.
    pub(crate) column: Option<usize>,
    pub(crate) kind: BadKind,
    pub(crate) message: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Reads an input to its end, or to the first bad line when `strict`. Lines of more than `max_line` bytes are never held in
/// memory. `report` is called with each bad line at once.
pub(crate) fn read(
    reader: impl BufRead,
    max_line: usize,
    strict: bool,
    mut report: impl FnMut(&BadLine),
) -> io::Result<Input> {
    let mut input = Input::default();
    let mut numbers = HashMap::new();
    let mut lines = Lines::new(reader, max_line);
    while let Some(line) = lines.next()? {
        input.lines += 1;
        let record = match line {
            Line::Blank => {
                input.blank += 1;
                continue;
            }
            Line::TooLong(bytes) => Err(record::too_long(bytes, max_line)),
            Line::Bytes(bytes) => Record::read(bytes),
        };
        match record {
            Ok(record) => input.add(record, &mut numbers),
            Err(offence) => {
                let bad = BadLine {
                    line: input.lines,
                    column: offence.column,
                    kind: offence.kind,
                    message: offence.message,
                };
                report(&bad);
                input.bad.push(bad);
                if strict {
                    break;
                }
            }
        }
    }
    Ok(input)
}

impl Input {
    fn add(&mut self, record: Record<'_>, numbers: &mut HashMap<String, usize>) {
        let topic = match numbers.get(&*record.topic) {
            Some(&number) => number,
            None => {
                let number = self.topics.len();
                self.topics.push(record.topic.clone().into_owned());
                numbers.insert(record.topic.into_owned(), number);
                number
            }
        };
        self.bytes += record.data.len() as u64;
        self.records.push(InputEvent { topic, text: record.data.into(), data: None });
    }

    /// Makes values of all data, for filters.
    pub(crate) fn parse(&mut self) {
        for record in &mut self.records {
            record.data = serde_json::from_str(&record.text).ok().map(Arc::new);
        }
    }

    pub(crate) fn count_bad(&self, kind: BadKind) -> usize {
        self.bad.iter().filter(|bad| bad.kind == kind).count()
    }
}
