//! What is wrong with a topic name or a pattern, and where.

use super::rules::{MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS};
use std::error::Error;
use std::fmt;

/// What is wrong with a topic name or a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TopicErrorKind {
    /// There is nothing at all.
    Empty,
    /// Nothing stands before, between or after dots.
    EmptyToken,
    /// More than [`MAX_TOPIC_TOKENS`] tokens.
    TooManyTokens,
    /// So many bytes, more than [`MAX_TOPIC_BYTES`].
    TooLong(usize),
    /// White space or a control character.
    Character(char),
    /// `*` or `>` in a name; only patterns have wildcards.
    Wildcard(char),
    /// `*` or `>` beside other characters; a wildcard is a whole token.
    PartialWildcard(char),
    /// `>` before the last token.
    RestNotLast,
}

/// A topic name or pattern that breaks the rules: what is wrong, in which token, at which column.
///
/// # Examples
/// ```
/// let error = eventcast::check_topic("orders..created").unwrap_err();
/// assert_eq!(error.token(), 2);
/// assert_eq!(error.column(), 8);
/// assert_eq!(error.to_string(), r#"topic "orders..created": token 2 is empty (column 8)"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicError {
    pub(super) kind: TopicErrorKind,
    pub(super) what: What,
    /// The beginning of the text, for the message.
    pub(super) text: Box<str>,
    pub(super) token: usize,
    pub(super) column: usize,
}

/// What the text was meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Name,
    Pattern,
}

impl TopicError {
    /// What is wrong.
    pub fn kind(&self) -> TopicErrorKind {
        self.kind
    }

    /// The number of the offending token, the first being 1.
    pub fn token(&self) -> usize {
        self.token
    }

    /// Where it goes wrong, in characters, the first being 1.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Name => "topic",
            What::Pattern => "pattern",
        };
        write!(f, "{what} {:?}: ", self.text)?;
        self.kind.tell(self.token, self.column, f)
    }
}

impl Error for TopicError {}

impl TopicErrorKind {
    /// What is wrong, and where.
    pub(crate) fn tell(self, token: usize, column: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopicErrorKind::Empty => return f.write_str("it is empty"),
            TopicErrorKind::EmptyToken => write!(f, "token {token} is empty")?,
            TopicErrorKind::TooManyTokens => {
                write!(f, "token {token} is one too many, at most {MAX_TOPIC_TOKENS}")?;
            }
            TopicErrorKind::TooLong(bytes) => {
                write!(
                    f,
                    "{bytes} bytes are too long, at most {MAX_TOPIC_BYTES}; token {token} goes beyond"
                )?;
            }
            TopicErrorKind::Character(c) => {
                let class = if c.is_control() { "control character" } else { "white space" };
                write!(f, "token {token} has the {class} {c:?}")?;
            }
            TopicErrorKind::Wildcard(c) => {
                write!(f, "token {token} has the wildcard {c:?}, which only patterns may have")?;
            }
            TopicErrorKind::PartialWildcard(c) => {
                write!(
                    f,
                    "token {token} has the wildcard {c:?} beside other characters; a wildcard is a whole token"
                )?;
            }
            TopicErrorKind::RestNotLast => {
                write!(f, "token {token} is '>', which may only come last")?;
            }
        }
        write!(f, " (column {column})")
    }
}
