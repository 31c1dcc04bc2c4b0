//! Is a bus well, and if not, why: a few questions to a snapshot, with thresholds of the user's.
//!
//! Nothing watches in the background: what takes two looks, a rate and a stalled subscription, is found by whoever looks
//! twice.

use super::snapshot::Snapshot;
use super::subscription::SubscriptionSnapshot;
use crate::bus::SubscriptionInfo;
use crate::ring::{Overflow, SubscriberId};
use crate::sync::{Mutex, Stopwatch};
use crate::topic::TopicPattern;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// From where on a bus is not well any more; see [`BusBuilder::health`](crate::BusBuilder::health).
///
/// # Examples
/// ```
/// use eventcast::{Bus, Thresholds};
/// use std::time::Duration;
/// let strict = Thresholds { stalled_after: Duration::from_secs(1), ..Thresholds::default() };
/// let bus = Bus::<u32>::builder().health(strict).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// How full the bus, or the queue of a subscription, may be: a share of its capacity. Default: 0.8.
    pub backlog: f64,
    /// How many errors a second there may be; see [`Health::error_rate`]. Default: 1.
    pub error_rate: f64,
    /// How long a subscription that has something to do may stay where it is. Default: 10 s.
    pub stalled_after: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { backlog: 0.8, error_rate: 1.0, stalled_after: Duration::from_secs(10) }
    }
}

/// How a bus is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HealthStatus {
    /// Nothing is past its threshold.
    Healthy,
    /// It works, and somebody should look.
    Degraded,
    /// It is closed, or a stalled subscription holds its publishers up.
    Unhealthy,
}

/// What [`Bus::health`](crate::Bus::health) has found. Shown by `Display` in words.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The worst of the reasons.
    pub status: HealthStatus,
    /// Why it is not healthy; none if it is.
    pub reasons: Vec<HealthReason>,
    /// How full the bus is for its publishers, or the fullest queue if that is fuller: 0 to 1.
    pub backlog: f64,
    /// Errors a second since the look before, or over at least the last second: publishes refused for another reason than
    /// `full`, `closed` and `filtered`, and contained panics.
    pub error_rate: f64,
}

impl Health {
    /// Is nothing past its threshold?
    pub fn is_healthy(&self) -> bool {
        self.status == HealthStatus::Healthy
    }
}

/// Why a bus is not healthy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HealthReason {
    /// It is closed.
    Closed,
    /// Too much is waiting.
    Backlog {
        /// The share of the capacity that is taken.
        fill: f64,
        /// The subscription that is furthest behind.
        subscription: Option<SubscriptionInfo>,
    },
    /// Too much is waiting in a [lane](crate::BusBuilder::lane), more than anywhere else.
    LaneBacklog {
        /// The pattern of the lane.
        lane: TopicPattern,
        /// The share of its capacity that is taken.
        fill: f64,
        /// The subscription that is furthest behind.
        subscription: SubscriptionInfo,
    },
    /// Too many errors.
    ErrorRate {
        /// So many.
        per_second: f64,
    },
    /// A subscription has something to do and does not move: its reader is stuck in a guard or in a closure, or has forgotten
    /// about it.
    Stalled {
        /// Which one.
        subscription: SubscriptionInfo,
        /// Events that it holds; see [`SubscriptionSnapshot::held`](crate::SubscriptionSnapshot::held).
        held: u64,
        /// Events ahead of it beyond those, also in its queue.
        ahead: u64,
        /// It has been seen where it is for so long.
        since: Duration,
    },
}

impl HealthReason {
    fn status(&self) -> HealthStatus {
        match self {
            Self::Closed => HealthStatus::Unhealthy,
            Self::Stalled { subscription, .. } if subscription.overflow == Overflow::Block => {
                HealthStatus::Unhealthy
            }
            _ => HealthStatus::Degraded,
        }
    }
}

/// What a health check remembers of the one before.
#[derive(Debug)]
pub(crate) struct Monitor {
    thresholds: Thresholds,
    window: Mutex<Window>,
    seen: Mutex<Seen>,
}

/// Since when errors are counted, and how many there had been by then.
#[derive(Debug)]
struct Window {
    begin: Stopwatch,
    errors: u64,
}

/// Errors are counted over at least so long: one of them is no rate.
const LEAST: Duration = Duration::from_secs(1);

impl Window {
    fn rate(&mut self, errors: u64) -> f64 {
        let elapsed = self.begin.elapsed();
        let rate = errors.saturating_sub(self.errors) as f64 / elapsed.max(LEAST).as_secs_f64();
        if elapsed >= LEAST {
            *self = Self { begin: Stopwatch::start(), errors };
        }
        rate
    }
}

impl Monitor {
    pub(crate) fn new(thresholds: Thresholds) -> Self {
        let window = Mutex::new(Window { begin: Stopwatch::start(), errors: 0 });
        Self { thresholds, window, seen: Mutex::new(Seen::new()) }
    }

    /// How a bus is, by what is known of it now and by what was known before.
    pub(crate) fn judge(&self, snapshot: &Snapshot) -> Health {
        let Thresholds { backlog: most, error_rate: most_errors, stalled_after } = self.thresholds;
        let mut reasons = Vec::new();
        if snapshot.closed {
            reasons.push(HealthReason::Closed);
        }
        let waited_for = snapshot
            .subscriptions
            .iter()
            .filter(|s| s.info.queue_overflow.is_some() || s.info.overflow == Overflow::Block);
        let fullest = waited_for.max_by(|a, b| a.fill().total_cmp(&b.fill()));
        // One that has started at older events may be further behind than the capacity, for a while.
        let backlog = fullest.map_or(0.0, SubscriptionSnapshot::fill).min(1.0).max(snapshot.fill());
        if backlog >= most {
            let fill = backlog;
            let subscription = fullest.map(|s| s.info.clone());
            reasons.push(match (fullest.and_then(|s| s.lane.clone()), subscription) {
                (Some(lane), Some(subscription)) => HealthReason::LaneBacklog { lane, fill, subscription },
                (_, subscription) => HealthReason::Backlog { fill, subscription },
            });
        }
        let error_rate = self.window.lock().rate(errors(snapshot));
        if error_rate > most_errors {
            reasons.push(HealthReason::ErrorRate { per_second: error_rate });
        }
        let still = look(&mut self.seen.lock(), &snapshot.subscriptions);
        for (subscription, still) in snapshot.subscriptions.iter().zip(still) {
            if let Some(since) = still.filter(|still| *still >= stalled_after) {
                let (held, ahead) = (subscription.held, subscription.beyond());
                let subscription = subscription.info.clone();
                reasons.push(HealthReason::Stalled { subscription, held, ahead, since });
            }
        }
        let status = reasons.iter().map(HealthReason::status).max().unwrap_or(HealthStatus::Healthy);
        Health { status, reasons, backlog, error_rate }
    }
}

/// See [`Health::error_rate`].
fn errors(snapshot: &Snapshot) -> u64 {
    let Snapshot { stats, totals, drop_panics, .. } = snapshot;
    let refused = stats.refused_timeout
        + stats.refused_invalid_topic
        + stats.refused_invalid_id
        + stats.refused_too_large;
    refused + stats.filter_panics + totals.filter_panics + stats.unrouted_panics + drop_panics
}

/// Where the subscriptions that had something to do were seen, in each lane, and since when: how many events they had looked
/// at.
type Seen = HashMap<(SubscriberId, Option<TopicPattern>), (u64, Stopwatch)>;

/// Looks at all subscriptions; says for how long each has been seen where it is. Nothing the first time, and for one that has
/// nothing to do.
fn look(seen: &mut Seen, subscriptions: &[SubscriptionSnapshot]) -> Vec<Option<Duration>> {
    let mut now = Seen::new();
    let still = subscriptions.iter().map(|subscription| {
        let SubscriptionSnapshot { info, stats, held, .. } = subscription;
        if held + stats.queued + stats.ahead == 0 {
            return None;
        }
        let at = stats.delivered + stats.filtered + stats.expired;
        let who = (info.id, subscription.lane.clone());
        let before = seen.get(&who).filter(|(before, _)| *before == at).copied();
        now.insert(who, before.unwrap_or_else(|| (at, Stopwatch::start())));
        before.map(|(_, since)| since.elapsed())
    });
    let still = still.collect();
    *seen = now;
    still
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        })
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)?;
        let mut separator = ": ";
        for reason in &self.reasons {
            write!(f, "{separator}{reason}")?;
            separator = "; ";
        }
        Ok(())
    }
}

impl fmt::Display for HealthReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the bus is closed"),
            Self::Backlog { fill, subscription } => {
                write!(f, "the bus is {:.0} % full", fill * 100.0)?;
                match subscription {
                    Some(subscription) => write!(f, "; furthest behind is {}", Named(subscription)),
                    None => Ok(()),
                }
            }
            Self::LaneBacklog { lane, fill, subscription } => {
                let percent = fill * 100.0;
                write!(f, "lane {lane} is {percent:.0} % full; furthest behind is {}", Named(subscription))
            }
            Self::ErrorRate { per_second } => write!(f, "{per_second:.1} errors a second"),
            Self::Stalled { subscription, held, ahead, since } => write!(
                f,
                "{} has not moved for {:.1} s, with {held} events in its hands and {ahead} ahead",
                Named(subscription),
                since.as_secs_f64()
            ),
        }
    }
}

/// A subscription as people know it.
struct Named<'a>(&'a SubscriptionInfo);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SubscriptionInfo { id, pattern, name, .. } = self.0;
        id.fmt(f)?;
        if let Some(name) = name {
            write!(f, " {name:?}")?;
        }
        write!(f, " ({})", pattern.as_str())
    }
}
