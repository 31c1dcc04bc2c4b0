//! What publishers do: by handle, by name and with a builder; without waiting and with a time that is over at once.

use super::{LIMIT, NAMES, Payload, World, bangs_in_filter, size, turns_away};
use crate::bus_oracle::{Check, Fact, Refusal, ensure};
use eventcast::{EventId, PublishError, SubscriberId, Topic, TryPublishError};
use std::time::Duration;

/// The most names that one flood makes: enough for the bus to look which of them it still needs.
const FLOOD: usize = 2_000;

/// What a publish answered: the sequence, or why not, whom it waited for, and what came back.
type Answer = Result<u64, (Refusal, Option<SubscriberId>, Payload)>;

/// How long a publish waits.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Waits {
    Try,
    Bounded,
    /// As long as the bus says.
    Plain,
}

/// The same call on a bus, a topic handle, or a builder.
macro_rules! publish {
    ($waits:expr, $on:expr, $($argument:expr),+) => {
        match $waits {
            Waits::Try => $on.try_publish($($argument),+).map_err(tried),
            Waits::Bounded => $on.publish_timeout($($argument),+, Duration::ZERO).map_err(waited),
            Waits::Plain => $on.publish($($argument),+).map_err(waited),
        }
    };
}

impl World<'_> {
    pub(super) fn publish(&mut self, a: usize, b: usize, c: usize) -> Check {
        let wanted = match a % 32 {
            30 => "a..b",
            31 => "a.*",
            n => NAMES[n % NAMES.len()],
        };
        let waits = [Waits::Try, Waits::Try, Waits::Bounded, Waits::Plain][b % 4];
        let handle = (b & 4 == 0).then(|| self.topics[a / 32 % 3].clone()).flatten();
        if handle.is_none() && self.bus().is_none() {
            return Ok(());
        }
        let name = match &handle {
            Some(topic) => NAMES.into_iter().find(|name| *name == topic.name()).unwrap_or(""),
            None => wanted,
        };
        self.made += 1;
        let payload = self.made;
        let bang = c % 16 == 9;
        let event = Payload::new(&self.ledger, payload).bang_on_clone(bang);
        let built = b & 24 == 0;
        let given_id = match c % 8 {
            _ if !built => None,
            3 => Some(String::new()),
            4 => Some("x".repeat(EventId::MAX_LEN + 1)),
            5..=7 => Some(format!("id-{payload}")),
            _ => None,
        };
        let note = (built && c & 64 != 0).then(|| format!("note {payload}"));
        let certain = self.certain(name, given_id.as_deref(), payload);
        let answer = if built {
            let mut draft = match (&handle, self.bus()) {
                (Some(topic), _) => topic.event(),
                (None, Some(bus)) => bus.event(name),
                (None, None) => return Ok(()),
            };
            if let Some(id) = &given_id {
                draft = draft.id(id);
            }
            if let Some(note) = &note {
                draft = draft.message(note.as_str()).metadata("note", note);
            }
            publish!(waits, draft, event)
        } else {
            match (&handle, self.bus()) {
                (Some(topic), _) => publish!(waits, topic, event),
                (None, Some(bus)) => publish!(waits, bus, name, event),
                (None, None) => return Ok(()),
            }
        };
        self.say(|| {
            format!("publish {payload} to {name}, {waits:?}: {:?}", answer.as_ref().map_err(|e| e.0))
        });
        let fact = Fact { topic: name, payload, given_id, note, clone_bang: bang, seen_id: None };
        self.answered(fact, waits, certain, answer)
    }

    /// What it will be refused for, whoever reads what.
    fn certain(&self, name: &str, id: Option<&str>, payload: u64) -> Option<Refusal> {
        if !NAMES.contains(&name) {
            Some(Refusal::InvalidTopic)
        } else if id.is_some_and(|id| id.is_empty() || id.len() > EventId::MAX_LEN) {
            Some(Refusal::InvalidId)
        } else if self.model.log.closed {
            Some(Refusal::Closed)
        } else if self.rules.limit && size(payload) > LIMIT {
            Some(Refusal::TooLarge)
        } else if self.rules.filter && turns_away(payload) {
            Some(Refusal::Filtered)
        } else {
            None
        }
    }

    fn answered(&mut self, fact: Fact, waits: Waits, certain: Option<Refusal>, answer: Answer) -> Check {
        match answer {
            Ok(sequence) => {
                ensure!(certain.is_none(), "accepted, expected {certain:?}");
                self.registry.count(fact.topic);
                self.model.accepted(fact, sequence)
            }
            Err((refusal, blocked_by, back)) => {
                ensure!(back.id == fact.payload, "another payload came back");
                let full = if waits == Waits::Try { Refusal::Full } else { Refusal::Timeout };
                ensure!(refusal == certain.unwrap_or(full), "{refusal:?}, expected {certain:?}");
                self.seen.turned_away |= matches!(refusal, Refusal::TooLarge | Refusal::Filtered);
                self.seen.full |= refusal == full;
                if refusal == Refusal::Filtered {
                    self.filter_panics += u64::from(bangs_in_filter(fact.payload));
                }
                self.model.refused(refusal)?;
                if refusal == Refusal::Timeout { self.model.blocked(blocked_by) } else { Ok(()) }
            }
        }
    }

    /// Makes so many names that the bus lets go of what nothing refers to; twice, with a lap of events between, because a name
    /// leaves at the second look.
    pub(super) fn come_and_go(&mut self) -> Check {
        if self.floods == 2 || !self.flood()? {
            return Ok(());
        }
        self.floods += 1;
        for _ in 0..24 {
            self.compare()?;
            self.publish(0, 4, 0)?;
        }
        self.compare()?;
        self.flood()?;
        self.compare()?;
        let name = NAMES[self.made as usize % (NAMES.len() - 1) + 1];
        let back: Option<Topic<_>> = self.bus().and_then(|bus| bus.topic(name).ok());
        // Whoever comes back is seen before it could leave again.
        self.compare()?;
        drop(back);
        Ok(())
    }

    /// False without a bus.
    fn flood(&mut self) -> Check<bool> {
        let Some(bus) = self.bus() else {
            return Ok(false);
        };
        let before = bus.stats().topics_evicted;
        for n in 0..FLOOD {
            bus.topic(format!("flood.{n}")).map_err(|error| error.to_string())?;
            if bus.stats().topics_evicted > before {
                self.say(|| format!("a flood of {n} names"));
                return Ok(true);
            }
        }
        Err(format!("{FLOOD} names, and none has left"))
    }
}

fn tried(error: TryPublishError<Payload>) -> (Refusal, Option<SubscriberId>, Payload) {
    let refusal = match &error {
        TryPublishError::Full(_) => Refusal::Full,
        TryPublishError::Closed(_) => Refusal::Closed,
        TryPublishError::InvalidTopic(_) => Refusal::InvalidTopic,
        TryPublishError::InvalidId(_) => Refusal::InvalidId,
        TryPublishError::TooLarge(_) => Refusal::TooLarge,
        TryPublishError::Filtered(_) => Refusal::Filtered,
        other => panic!("{other:?}"),
    };
    (refusal, None, error.into_inner())
}

fn waited(error: PublishError<Payload>) -> (Refusal, Option<SubscriberId>, Payload) {
    let refusal = match &error {
        PublishError::Timeout(_) => Refusal::Timeout,
        PublishError::Closed(_) => Refusal::Closed,
        PublishError::InvalidTopic(_) => Refusal::InvalidTopic,
        PublishError::InvalidId(_) => Refusal::InvalidId,
        PublishError::TooLarge(_) => Refusal::TooLarge,
        PublishError::Filtered(_) => Refusal::Filtered,
        other => panic!("{other:?}"),
    };
    (refusal, error.blocked_by(), error.into_inner())
}
