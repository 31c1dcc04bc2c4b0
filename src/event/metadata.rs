//! What a publisher adds to an event beside its payload.

use std::fmt;

/// Texts by name, in the order in which they were added; each name once.
///
/// # Examples
/// ```
/// # let bus = eventcast::Bus::<u32>::builder().build()?;
/// # let mut sub = bus.subscribe("orders.*")?;
/// bus.event("orders.created").metadata("tenant", "acme").metadata("region", "eu").publish(7)?;
/// let event = sub.recv()?;
/// assert_eq!(event.metadata().get("tenant"), Some("acme"));
/// assert_eq!(event.metadata().iter().collect::<Vec<_>>(), [("tenant", "acme"), ("region", "eu")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    entries: Vec<(Box<str>, Box<str>)>,
}

impl Metadata {
    pub(super) const EMPTY: &Self = &Self { entries: Vec::new() };

    /// Adds a text; one of the same name is replaced.
    pub(crate) fn insert(&mut self, name: &str, text: &str) {
        match self.entries.iter_mut().find(|entry| &*entry.0 == name) {
            Some(entry) => entry.1 = text.into(),
            None => self.entries.push((name.into(), text.into())),
        }
    }

    /// The text of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }

    /// Names and texts.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, text)| (&**name, &**text))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
