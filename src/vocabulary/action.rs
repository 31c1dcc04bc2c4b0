//! What happens to a container or a file.

use std::error::Error;
use std::fmt;
use std::ops::{BitOr, BitOrAssign};
use std::str::FromStr;

/// What happened to a container or a file: one of the constants, or several joined with `|`.
///
/// # Examples
/// ```
/// use eventcast::vocabulary::Action;
///
/// let action = Action::from_docker("start").unwrap();
/// assert!(action.is_start());
/// assert_eq!(action.describe("nginx"), "started nginx");
/// assert_eq!("container-start".parse(), Ok(action));
/// assert_eq!((action | Action::CONTAINER_PAUSE).to_string(), "container-start|container-pause");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action(u16);

macro_rules! actions {
    ($($constant:ident = $bit:literal, $name:literal, $text:literal, $docker:expr, $doc:literal;)+) => {
        impl Action {
            $(
                #[doc = $doc]
                pub const $constant: Self = Self(1 << $bit);
            )+
        }

        /// Each single action: name, text, and what Docker calls it.
        const KNOWN: &[(Action, &str, &str, Option<&str>)] =
            &[$((Action::$constant, $name, $text, $docker),)+];
    };
}

actions! {
    FILE_WRITTEN = 0, "file-written", "written", None, "A file was written.";
    FILE_CREATED = 1, "file-created", "created", None, "A file was created.";
    FILE_DELETED = 2, "file-deleted", "deleted", None, "A file was deleted.";
    FILE_RENAMED = 3, "file-renamed", "renamed", None, "A file was renamed.";
    CONTAINER_CREATE = 4, "container-create", "created", Some("create"), "A container was created.";
    CONTAINER_START = 5, "container-start", "started", Some("start"), "A container was started.";
    CONTAINER_UNPAUSE = 6, "container-unpause", "unpaused", Some("unpause"), "A container goes on after a pause.";
    CONTAINER_KILL = 7, "container-kill", "killed", Some("kill"), "A container was sent a signal.";
    CONTAINER_STOP = 8, "container-stop", "stopped", Some("stop"), "A container was stopped.";
    CONTAINER_PAUSE = 9, "container-pause", "paused", Some("pause"), "A container was paused.";
    CONTAINER_DIE = 10, "container-die", "died", Some("die"), "A container's process ended.";
    CONTAINER_DESTROY = 11, "container-destroy", "destroyed", Some("destroy"), "A container was removed.";
    FORCE_RELOAD = 12, "force-reload", "force-reloaded", None, "Somebody asked for everything to be read again.";
}

impl Action {
    /// The action of this name in Docker's event stream; `None` for what Docker tells of other things than a container's life.
    pub fn from_docker(action: &str) -> Option<Self> {
        KNOWN.iter().find(|known| known.3 == Some(action)).map(|known| known.0)
    }

    /// The flags as they are counted: bit 0 for a written file to bit 12 for a forced reload.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// The actions with these [`bits`](Self::bits); `None` when one of them has no meaning.
    pub fn from_bits(bits: u16) -> Option<Self> {
        (bits < 1 << KNOWN.len()).then_some(Self(bits))
    }

    /// Has it all actions of `other`?
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Has it any action of `other`?
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Does a container come to life: created, started, or going on after a pause?
    pub fn is_start(self) -> bool {
        self.intersects(Self::CONTAINER_CREATE | Self::CONTAINER_START | Self::CONTAINER_UNPAUSE)
    }

    /// Does a container end: killed, stopped or died? A destroyed one had ended before.
    pub fn is_stop(self) -> bool {
        self.intersects(Self::CONTAINER_KILL | Self::CONTAINER_STOP | Self::CONTAINER_DIE)
    }

    /// Is a container paused, and nothing else?
    pub fn is_pause(self) -> bool {
        self == Self::CONTAINER_PAUSE
    }

    /// The action in the past tense, such as `started`; `None` for several at once and for none.
    pub fn text(self) -> Option<&'static str> {
        KNOWN.iter().find(|known| known.0 == self).map(|known| known.2)
    }

    /// What happened to whom, such as `started nginx`; empty for several actions at once and for none.
    pub fn describe(self, actor: &str) -> String {
        self.text().map(|text| format!("{text} {actor}")).unwrap_or_default()
    }
}

impl BitOr for Action {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Action {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The names, joined by `|`, as `FromStr` reads them; `none` without any.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = KNOWN.iter().filter(|known| self.contains(known.0)).map(|known| known.1);
        f.write_str(names.next().unwrap_or(NONE))?;
        names.try_for_each(|name| write!(f, "|{name}"))
    }
}

const NONE: &str = "none";

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({self})")
    }
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(names: &str) -> Result<Self, UnknownAction> {
        if names == NONE {
            return Ok(Self::default());
        }
        let mut actions = Self::default();
        for name in names.split('|') {
            let known = KNOWN.iter().find(|known| known.1 == name);
            actions |= known.ok_or_else(|| UnknownAction { name: name.into() })?.0;
        }
        Ok(actions)
    }
}

/// A name that no [`Action`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAction {
    name: Box<str>,
}

impl fmt::Display for UnknownAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no action is called {:?}; they are", self.name)?;
        KNOWN.iter().try_for_each(|known| write!(f, " {}", known.1))
    }
}

impl Error for UnknownAction {}
