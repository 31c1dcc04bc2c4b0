//! Patterns of topic names.

use super::error::What;
use super::rules::check;
use super::{MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS, TopicError};
use std::fmt;
use std::str::FromStr;

/// Which topics a subscriber wants: a name, in which the token `*` stands for any one token and the last token `>` for one
/// or more.
///
/// # Examples
/// ```
/// use eventcast::TopicPattern;
/// let orders = TopicPattern::new("orders.>")?;
/// assert!(orders.matches("orders.created"));
/// assert!(orders.matches("orders.eu.created"));
/// assert!(!orders.matches("orders"));
///
/// let created: TopicPattern = "*.created".parse()?;
/// assert!(created.matches("orders.created"));
/// assert!(!created.matches("orders.eu.created"));
/// # Ok::<(), eventcast::TopicError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPattern {
    text: Box<str>,
}

impl TopicPattern {
    /// Checks a pattern.
    ///
    /// # Errors
    /// [`TopicError`] with the first thing that is wrong, from the left.
    ///
    /// # Examples
    /// ```
    /// let error = eventcast::TopicPattern::new("orders.>.created").unwrap_err();
    /// assert_eq!((error.token(), error.column()), (2, 8));
    /// ```
    pub fn new(text: &str) -> Result<Self, TopicError> {
        check(text, What::Pattern)?;
        Ok(Self { text: text.into() })
    }

    /// Is the topic of this name one of those the pattern stands for? The answer means something for valid names only.
    pub fn matches(&self, topic: &str) -> bool {
        let mut names = topic.split('.');
        for token in self.text.split('.') {
            match (token, names.next()) {
                (_, None) => return false,
                (">", Some(_)) => return true,
                ("*", Some(_)) => {}
                (token, Some(name)) if token == name => {}
                _ => return false,
            }
        }
        names.next().is_none()
    }

    /// Is there a valid topic name that both stand for?
    ///
    /// # Examples
    /// ```
    /// use eventcast::TopicPattern;
    /// let created: TopicPattern = "*.created".parse()?;
    /// assert!(created.overlaps(&"orders.>".parse()?));
    /// assert!(!created.overlaps(&"orders.eu.*".parse()?));
    /// # Ok::<(), eventcast::TopicError>(())
    /// ```
    pub fn overlaps(&self, other: &Self) -> bool {
        self.intersection(other).is_some()
    }

    /// Does it stand for every valid topic name that `other` stands for?
    ///
    /// # Examples
    /// ```
    /// use eventcast::TopicPattern;
    /// let orders: TopicPattern = "orders.>".parse()?;
    /// assert!(orders.covers(&"orders.*".parse()?));
    /// assert!(!orders.covers(&"*.created".parse()?));
    /// # Ok::<(), eventcast::TopicError>(())
    /// ```
    pub fn covers(&self, other: &Self) -> bool {
        let mut own = self.text.split('.');
        for token in other.text.split('.') {
            match (own.next(), token) {
                (Some(">"), _) => return true,
                (Some("*"), ">") if other.rest_may_be_long() => return false,
                (Some("*"), _) => {}
                (Some(own), token) if own == token => {}
                _ => return false,
            }
        }
        own.next().is_none()
    }

    /// The pattern of all topics that both stand for, if there are any.
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        let (mut own, mut others) = (self.text.split('.'), other.text.split('.'));
        let mut tokens = Vec::new();
        loop {
            match (own.next(), others.next()) {
                (None, None) => break,
                (Some(">"), Some(token)) => {
                    tokens.push(token);
                    tokens.extend(others);
                    break;
                }
                (Some(token), Some(">")) => {
                    tokens.push(token);
                    tokens.extend(own);
                    break;
                }
                (Some("*"), Some(token)) | (Some(token), Some("*")) => tokens.push(token),
                (Some(token), Some(other)) if token == other => tokens.push(token),
                _ => return None,
            }
        }
        // A name is no shorter than its pattern: one that is too long has none.
        Self::new(&tokens.join(".")).ok()
    }

    /// Of one that ends in `>`: is there a valid name with more than one token in its place?
    fn rest_may_be_long(&self) -> bool {
        self.text.len() + ".x".len() <= MAX_TOPIC_BYTES && self.text.split('.').count() < MAX_TOPIC_TOKENS
    }

    /// Does it stand for every topic?
    pub fn is_everything(&self) -> bool {
        &*self.text == ">"
    }

    /// Is it a name, which stands for that one topic?
    pub(crate) fn is_name(&self) -> bool {
        !self.text.contains(['*', '>'])
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for TopicPattern {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl FromStr for TopicPattern {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        Self::new(text)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicPattern({:?})", self.text)
    }
}
