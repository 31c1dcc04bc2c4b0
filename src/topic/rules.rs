//! The rules that names and patterns have in common.

use super::error::{TopicError, TopicErrorKind, What};

/// The most tokens a topic may have.
pub const MAX_TOPIC_TOKENS: usize = 32;

/// The most bytes a topic may have.
pub const MAX_TOPIC_BYTES: usize = 255;

/// How much of an offending text its error keeps, in characters.
const SHOWN: usize = 80;

/// Checks whether events could be published to a topic of this name.
///
/// # Errors
/// [`TopicError`] with the first thing that is wrong, from the left.
///
/// # Examples
/// ```
/// use eventcast::{TopicErrorKind, check_topic};
/// assert!(check_topic("orders.created").is_ok());
/// assert_eq!(check_topic("orders.*").unwrap_err().kind(), TopicErrorKind::Wildcard('*'));
/// ```
pub fn check_topic(name: &str) -> Result<(), TopicError> {
    check(name, What::Name)
}

pub(super) fn check(text: &str, what: What) -> Result<(), TopicError> {
    let error = |kind, token, column| TopicError { kind, what, text: shorten(text), token, column };
    if text.is_empty() {
        return Err(error(TopicErrorKind::Empty, 1, 1));
    }
    if text.len() > MAX_TOPIC_BYTES {
        let mut fitting = text.char_indices().take_while(|(at, c)| at + c.len_utf8() <= MAX_TOPIC_BYTES);
        let (token, column) = fitting
            .by_ref()
            .fold((1, 1), |(token, column), (_, c)| (token + usize::from(c == '.'), column + 1));
        return Err(error(TopicErrorKind::TooLong(text.len()), token, column));
    }
    let mut column = 1;
    let mut tokens = text.split('.').enumerate().peekable();
    while let Some((index, token)) = tokens.next() {
        let number = index + 1;
        if number > MAX_TOPIC_TOKENS {
            return Err(error(TopicErrorKind::TooManyTokens, number, column));
        }
        if token.is_empty() {
            return Err(error(TopicErrorKind::EmptyToken, number, column));
        }
        let last = tokens.peek().is_none();
        for c in token.chars() {
            if let Some(kind) = offence(c, token, last, what) {
                return Err(error(kind, number, column));
            }
            column += 1;
        }
        column += 1;
    }
    Ok(())
}

/// What is wrong with this character of this token.
fn offence(c: char, token: &str, last: bool, what: What) -> Option<TopicErrorKind> {
    match (c, what) {
        ('*' | '>', What::Name) => Some(TopicErrorKind::Wildcard(c)),
        ('*' | '>', What::Pattern) if token.len() > 1 => Some(TopicErrorKind::PartialWildcard(c)),
        ('>', What::Pattern) if !last => Some(TopicErrorKind::RestNotLast),
        _ if c.is_whitespace() || c.is_control() => Some(TopicErrorKind::Character(c)),
        _ => None,
    }
}

fn shorten(text: &str) -> Box<str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}
