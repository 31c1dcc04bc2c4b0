//! The rings of a bus: the main one, and one for each lane.
//!
//! A lane has the topics of a pattern, and everything for them alone: ring, names, audience, counts and times. What is shared
//! is the dispatcher, the numbers of topics and those of subscriptions.

use super::outlet::Outlet;
use super::stats::{Stats, SubscriptionInfo, TopicStats};
use crate::event::Event;
use crate::ring::{Leader, SubscriberId};
use crate::stats::{Health, Monitor, Snapshot};
use crate::sync::{Arc, AtomicU64, Ordering::Relaxed};
use crate::topic::TopicPattern;
use crate::trace;
use std::collections::BTreeSet;

/// What the handles of a bus share.
pub(super) struct Lanes<P: Send + Sync + 'static> {
    main: Arc<Outlet<P>>,
    /// In the order in which they are asked for a topic.
    lanes: Box<[Lane<P>]>,
    monitor: Monitor,
    /// Number of the next subscription, which it has on every ring that it reads.
    next_id: AtomicU64,
}

/// The first one whose pattern matches a topic has it.
pub(super) struct Lane<P: Send + Sync + 'static> {
    pub(super) pattern: TopicPattern,
    pub(super) outlet: Arc<Outlet<P>>,
}

impl<P: Send + Sync + 'static> Lanes<P> {
    pub(super) fn new(main: Arc<Outlet<P>>, lanes: Box<[Lane<P>]>, monitor: Monitor) -> Self {
        Self { main, lanes, monitor, next_id: AtomicU64::new(1) }
    }

    /// The ring of all topics that no lane has.
    pub(super) fn main(&self) -> &Arc<Outlet<P>> {
        &self.main
    }

    /// The ring of the topic of this name. A name that breaks the rules has one as well, which will refuse it.
    #[inline(always)]
    pub(super) fn of(&self, name: &str) -> &Arc<Outlet<P>> {
        if self.lanes.is_empty() { &self.main } else { self.find(name) }
    }

    #[inline(never)]
    fn find(&self, name: &str) -> &Arc<Outlet<P>> {
        let lane = self.lanes.iter().find(|lane| lane.pattern.matches(name));
        lane.map_or(&self.main, |lane| &lane.outlet)
    }

    /// Every ring: those of the lanes, then the main one.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Outlet<P>>> {
        self.lanes.iter().map(|lane| &lane.outlet).chain([&self.main])
    }

    /// The rings that topics of this pattern may be on; at least one.
    pub(super) fn read_by(&self, pattern: &TopicPattern) -> Vec<&Arc<Outlet<P>>> {
        let has_all =
            |lanes: &[Lane<P>], pattern: &TopicPattern| lanes.iter().any(|lane| lane.pattern.covers(pattern));
        let lanes = self.lanes.iter().enumerate().filter(|(at, lane)| {
            // What both stand for, unless a lane that is asked before has all of it.
            let both = lane.pattern.intersection(pattern);
            both.is_some_and(|both| !has_all(&self.lanes[..*at], &both))
        });
        let mut read: Vec<_> = lanes.map(|(_, lane)| &lane.outlet).collect();
        if !has_all(&self.lanes, pattern) {
            read.push(&self.main);
        }
        read
    }

    /// A number for one subscription more.
    pub(super) fn next_id(&self) -> SubscriberId {
        SubscriberId(self.next_id.fetch_add(1, Relaxed))
    }

    /// Is this a subscriber of this bus?
    pub(super) fn has(&self, leader: &Leader<Event<P>>) -> bool {
        self.all().any(|outlet| outlet.has(leader))
    }

    /// Takes nothing more; what was taken still goes out. Tells of it unless it was closed before; two who close it at once may
    /// both tell.
    pub(super) fn close(&self) {
        let first = !self.is_closed();
        self.all().for_each(|outlet| outlet.close());
        if first {
            trace::closed(self.accepted());
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.all().all(|outlet| outlet.publisher().is_closed())
    }

    /// How many events were accepted.
    pub(super) fn accepted(&self) -> u64 {
        self.all().map(|outlet| outlet.publisher().next_sequence()).sum()
    }

    pub(super) fn has_subscriber(&self) -> bool {
        self.all().any(|outlet| outlet.audience().len() > 0)
    }

    /// Those that have joined, each once, in the order in which they came.
    pub(super) fn subscriptions(&self) -> Vec<SubscriptionInfo> {
        let mut all = self.main.audience().list();
        if !self.lanes.is_empty() {
            all.extend(self.lanes.iter().flat_map(|lane| lane.outlet.audience().list()));
            all.sort_by_key(|subscription| subscription.id);
            all.dedup_by_key(|subscription| subscription.id);
        }
        all
    }

    /// Ends all subscriptions of this pattern and says how many. Their readers will hear of it.
    pub(super) fn end_all(&self, pattern: &TopicPattern) -> usize {
        let ended: BTreeSet<_> = self.all().flat_map(|outlet| outlet.audience().end_all(pattern)).collect();
        ended.len()
    }

    /// The topics of all rings, by age.
    pub(super) fn topics(&self) -> Vec<TopicStats> {
        let mut topics = self.main.topics();
        if !self.lanes.is_empty() {
            topics.extend(self.lanes.iter().flat_map(|lane| lane.outlet.topics()));
            topics.sort_by_key(|topic| topic.id);
        }
        topics
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.main.stats();
        if !self.lanes.is_empty() {
            self.lanes.iter().for_each(|lane| stats.add(&lane.outlet.stats()));
            stats.subscriptions = self.subscriptions().len();
        }
        stats
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.main.snapshot();
        for Lane { pattern, outlet } in &self.lanes {
            snapshot.add_lane(pattern, outlet.snapshot());
        }
        if !self.lanes.is_empty() {
            snapshot.stats.subscriptions = self.subscriptions().len();
        }
        snapshot
    }

    pub(super) fn health(&self) -> Health {
        self.monitor.judge(&self.snapshot())
    }
}
