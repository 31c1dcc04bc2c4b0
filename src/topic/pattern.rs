//! Patterns of topic names.

use super::TopicError;
use super::error::What;
use super::rules::check;
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
