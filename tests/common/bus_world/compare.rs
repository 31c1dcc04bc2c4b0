//! What is compared after each operation: every subscription's account, the bus's, its topics; and snapshots.

use super::{Lanes, NAMES, World};
use crate::bus_oracle::{Check, Log, Reads, Refusal, Sub, ensure};
use eventcast::{
    LostBy, Overflow, QueueOverflow, Snapshot, SubscriberId, SubscriptionStats, TopicStats, Totals,
};
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

/// What those that have left leave behind.
#[derive(Debug, Default)]
pub(super) struct Departed {
    totals: Totals,
    /// Everybody who ever came.
    pub(super) came: BTreeSet<SubscriberId>,
}

impl Departed {
    pub(super) fn add(&mut self, sub: &Sub, log: &Log) {
        add(&mut self.totals, sub, log);
    }
}

fn add(totals: &mut Totals, sub: &Sub, log: &Log) {
    let stats = sub.stats(log);
    totals.delivered += stats.delivered;
    totals.filtered += stats.filtered;
    totals.filter_panics += stats.filter_panics;
    let lost = lost_by(sub, stats.lost);
    totals.lost_by.overwritten += lost.overwritten;
    totals.lost_by.disconnected += lost.disconnected;
    totals.lost_by.queue_full += lost.queue_full;
    totals.lost_by.clone_panicked += lost.clone_panicked;
}

/// Why it lost what it lost.
fn lost_by(sub: &Sub, lost: u64) -> LostBy {
    let mut by = LostBy::default();
    match &sub.reads {
        Reads::Direct(direct) if direct.overflow == Overflow::Disconnect => by.disconnected = lost,
        Reads::Direct(_) => by.overwritten = lost,
        Reads::Queued(queued) => {
            by.queue_full = queued.lost_full;
            by.clone_panicked = queued.lost_clone;
        }
    }
    by
}

/// The topics as the bus has listed them, and what was published to each name.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// The latest topic of each name.
    listed: BTreeMap<&'static str, Listed>,
    published: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Copy, Debug)]
struct Listed {
    id: u64,
    /// What was published to the name before.
    before: u64,
    there: bool,
}

impl Registry {
    pub(super) fn count(&mut self, name: &'static str) {
        *self.published.entry(name).or_default() += 1;
    }

    /// Takes the list in; true when a name has come back. What `refers` knows must not have left.
    fn take(&mut self, topics: &[TopicStats], counts: bool, refers: impl Fn(&str) -> bool) -> Check<bool> {
        let mut back = false;
        let mut there = BTreeSet::new();
        for topic in topics.iter().filter(|topic| !topic.name.starts_with("flood.")) {
            let Some(name) = NAMES.iter().copied().find(|name| **name == *topic.name) else {
                return Err(format!("a topic of nobody's: {topic:?}"));
            };
            there.insert(name);
            let published = self.published.get(name).copied().unwrap_or(0);
            let new =
                Listed { id: topic.id, before: published - topic.published.min(published), there: true };
            let known = self.listed.insert(name, new);
            if let Some(known) = known.filter(|known| known.id == new.id) {
                ensure!(known.there, "{topic:?} has left and is there again");
                let expected = if counts { published - known.before } else { 0 };
                ensure!(topic.published == expected, "{topic:?}, {expected} published");
                self.listed.insert(name, known);
            } else if let Some(known) = known {
                ensure!(topic.id > known.id, "{topic:?} had the number {}", known.id);
                ensure!(!known.there || !refers(name), "{topic:?} has replaced one that is referred to");
                back = true;
            }
        }
        for (name, listed) in &mut self.listed {
            if !there.contains(name) && std::mem::take(&mut listed.there) {
                ensure!(!refers(name), "topic {name} has left, and something refers to it");
            }
        }
        Ok(back)
    }
}

/// Waits for the dispatcher, whose thread does its part when it comes to it.
pub(super) fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(if cfg!(miri) { 600 } else { 10 });
    let mut round = 0_u32;
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        round = round.saturating_add(1);
        if round > 1_000 && !cfg!(miri) {
            // Not to make anything happen: to leave the core to those who do.
            thread::sleep(Duration::from_micros(50));
        } else {
            thread::yield_now();
        }
    }
    true
}

impl World<'_> {
    /// What the subscription in this slot says of itself, or the bus of it while it is busy with a guard.
    fn stats_of(&self, slot: usize) -> Option<SubscriptionStats> {
        if let Some(subscription) = &self.subs[slot] {
            return Some(subscription.stats());
        }
        let sub = self.model.subs[slot].as_ref()?;
        let snapshot = self.bus()?.snapshot();
        snapshot.subscriptions.iter().find(|one| one.info.id == sub.id).map(|one| one.stats)
    }

    /// Waits until whoever fills the queues has done so.
    pub(super) fn settle(&mut self) -> Check {
        for slot in 0..self.subs.len() {
            let Some(sub) = &self.model.subs[slot] else {
                continue;
            };
            if let Reads::Queued(queued) = &sub.reads {
                let expected = sub.stats(&self.model.log);
                let settled = || self.stats_of(slot).is_none_or(|stats| stats == expected);
                let seen = |slot| self.stats_of(slot).unwrap_or_default();
                ensure!(eventually(settled), "queue {slot}: {:?}, expected {expected:?}", seen(slot));
                if queued.end.is_some() {
                    self.ending.extend(self.feeds[slot].take());
                }
            }
        }
        for feed in std::mem::take(&mut self.ending) {
            ensure!(
                eventually(|| feed.strong_count() == 0),
                "somebody goes on filling a queue that has ended"
            );
        }
        Ok(())
    }

    pub(super) fn compare(&mut self) -> Check {
        self.settle()?;
        for slot in 0..self.subs.len() {
            let (Some(seen), Some(sub)) = (self.stats_of(slot), &mut self.model.subs[slot]) else {
                continue;
            };
            let log = &self.model.log;
            let name = |text: String| format!("subscription {slot}: {text}");
            if let Reads::Direct(direct) = &mut sub.reads {
                direct.learn(log, &seen).map_err(name)?;
            }
            let expected = sub.stats(log);
            ensure!(seen == expected, "subscription {slot}: {seen:?}, expected {expected:?}");
            let Some(subscription) = &self.subs[slot] else {
                continue;
            };
            let len = (expected.ahead + expected.queued) as usize;
            ensure!(subscription.len() == len && subscription.is_empty() == (len == 0), "len of {slot}");
            ensure!(subscription.lost() == expected.lost, "lost of {slot}: {}", subscription.lost());
            let next = (subscription.sequence(), sub.sequence());
            let clear = !self.rules.lanes.are_read_by(sub.asks.pattern);
            ensure!(
                next.0 == next.1 || !clear,
                "subscription {slot} goes on at {}, expected {}",
                next.0,
                next.1
            );
        }
        self.note_coverage();
        self.compare_bus()
    }

    fn note_coverage(&mut self) {
        let seen = &mut self.seen;
        for sub in self.model.present() {
            seen.unwanted |= sub.tally.unwanted > 0;
            seen.filter_panic |= sub.tally.filter_panics > 0;
            let Reads::Queued(queued) = &sub.reads else { continue };
            seen.clone_panic |= queued.lost_clone > 0;
            match queued.overflow {
                QueueOverflow::DropOldest => seen.drop_oldest |= queued.lost_full > 0,
                QueueOverflow::DropNewest => seen.drop_newest |= queued.lost_full > 0,
                QueueOverflow::Block { within: Duration::ZERO } => seen.expired_stall |= queued.lost_full > 0,
                QueueOverflow::Block { .. } => seen.stall |= queued.is_stalled(&self.model.log),
                _ => {}
            }
        }
        seen.unrouted |= !self.model.unrouted.is_empty();
    }

    fn compare_bus(&mut self) -> Check {
        let told = self.told.lock().map_err(|error| error.to_string())?.clone();
        ensure!(told == self.model.unrouted, "told of {told:?}, expected {:?}", self.model.unrouted);
        for event in std::mem::take(&mut self.kept) {
            self.check(&super::receive::Seen::new(&event))?;
            self.kept.push(event);
        }
        let Some(bus) = self.bus() else {
            return Ok(());
        };
        let (stats, model) = (bus.stats(), &self.model);
        let refused = |refusal: Refusal| model.refused[refusal as usize];
        let seen = [
            stats.refused_invalid_topic,
            stats.refused_invalid_id,
            stats.refused_too_large,
            stats.refused_filtered,
            stats.refused_full,
            stats.refused_timeout,
            stats.refused_closed,
        ];
        ensure!(seen == model.refused, "refused {seen:?}, expected {:?}", model.refused);
        let filtered = refused(Refusal::Filtered);
        ensure!(stats.filter_panics == self.filter_panics, "{stats:?}, {filtered} filtered");
        ensure!(stats.accepted == model.log.next(), "{stats:?}, {} accepted", model.log.next());
        ensure!(stats.offered() == stats.accepted + stats.refused(), "{stats:?}");
        ensure!(stats.offered() == self.made, "{stats:?}, {} offered", self.made);
        let unrouted = model.unrouted.len() as u64;
        ensure!(stats.unrouted == unrouted && stats.routed() + unrouted == stats.accepted, "{stats:?}");
        ensure!(bus.is_closed() == model.log.closed, "closed: {}", bus.is_closed());
        ensure!(stats.subscriptions == model.present().filter(|sub| sub.is_there()).count(), "{stats:?}");
        let topics = bus.topics();
        ensure!(topics.len() == stats.topics, "{stats:?}, {} topics", topics.len());
        let published: u64 = topics.iter().map(|topic| topic.published).sum();
        let counted = if self.rules.statistics { stats.accepted } else { 0 };
        ensure!(published + stats.evicted == counted, "{published} published to topics, {stats:?}");
        let names = self.referred();
        let statistics = self.rules.statistics;
        self.seen.topic_back |= self.registry.take(&topics, statistics, |name| names.contains(name))?;
        Ok(())
    }

    /// The topics that must not leave.
    fn referred(&self) -> BTreeSet<String> {
        let log = &self.model.log;
        let handles = self.topics.iter().flatten().map(|topic| topic.name().to_owned());
        let patterns =
            self.model.present().filter(|sub| sub.is_there()).map(|sub| sub.asks.pattern.to_owned());
        let kept = self.kept.iter().map(|event| event.topic().to_owned());
        let newest = (log.oldest()..log.next()).map(|at| log.at(at).topic.to_owned());
        let waiting = self.model.present().filter_map(|sub| match &sub.reads {
            Reads::Direct(direct) => direct.holds().map(|held| held.collect::<Vec<_>>()),
            Reads::Queued(queued) => Some(queued.waiting().collect()),
        });
        let waiting = waiting.flatten().map(|at| log.at(at).topic.to_owned());
        handles.chain(patterns).chain(kept).chain(newest).chain(waiting).collect()
    }

    pub(super) fn snapshot(&mut self) -> Check {
        let Some(bus) = self.bus() else {
            return Ok(());
        };
        let (snapshot, stats, listed) = (bus.snapshot(), bus.stats(), bus.subscriptions());
        let health = bus.health();
        ensure!(health.backlog.is_finite() && !health.to_string().is_empty(), "{health:?}");
        self.say(|| format!("snapshot: {:?}", snapshot.totals));
        ensure!(snapshot.stats == stats, "{:?} and {stats:?}", snapshot.stats);
        let mut totals = self.departed.totals;
        let mut ids = Vec::new();
        let model = &self.model;
        for sub in model.present() {
            let Some(one) = snapshot.subscriptions.iter().find(|one| one.info.id == sub.id) else {
                return Err(format!("{} is not in the snapshot", sub.id));
            };
            let expected = sub.stats(&model.log);
            ensure!(one.stats == expected, "{}: {:?}, expected {expected:?}", sub.id, one.stats);
            let lost = lost_by(sub, expected.lost);
            ensure!(
                one.lost_by == lost && lost.total() == expected.lost,
                "{:?}, expected {lost:?}",
                one.lost_by
            );
            let waits = if sub.queue_overflow().is_some() { expected.queued } else { expected.ahead };
            ensure!(one.max_ahead >= waits, "{} at most ahead, {waits} now", one.max_ahead);
            ensure!(one.info.pattern.as_str() == sub.asks.pattern, "{:?}", one.info);
            add(&mut totals, sub, &model.log);
            ids.push((sub.id, sub.is_there()));
        }
        ids.sort_unstable();
        let mut known: Vec<_> = snapshot.subscriptions.iter().map(|one| one.info.id).collect();
        known.dedup();
        ensure!(known.into_iter().eq(ids.iter().map(|(id, _)| *id)), "who is known");
        let there = ids.iter().filter(|(_, there)| *there).map(|(id, _)| *id);
        ensure!(listed.iter().map(|one| one.id).eq(there), "who is listed");
        ensure!(snapshot.totals == totals, "{:?}, expected {totals:?}", snapshot.totals);
        let (backlog, capacity) = match (self.rules.lanes, &snapshot.lanes[..]) {
            (Lanes::Everything, [all]) => (all.backlog, all.capacity),
            _ => (snapshot.backlog, snapshot.capacity),
        };
        ensure!(backlog == model.backlog(), "a backlog of {backlog}, expected {}", model.backlog());
        ensure!(snapshot.closed == model.log.closed && capacity == model.log.capacity, "{snapshot:?}");
        ensure!(snapshot.drop_panics == 0, "{} drop panics", snapshot.drop_panics);
        if let Some(earlier) = self.earlier.replace(snapshot.clone()) {
            since(&snapshot, &earlier)?;
        }
        Ok(())
    }
}

/// The difference of two snapshots is what their numbers say; no count goes down.
fn since(now: &Snapshot, earlier: &Snapshot) -> Check {
    let change = now.since(earlier);
    let counts = |of: &Snapshot| {
        let (stats, totals) = (&of.stats, &of.totals);
        [
            stats.accepted,
            stats.refused(),
            stats.unrouted,
            totals.delivered,
            totals.filtered,
            totals.lost_by.total(),
        ]
    };
    for (difference, (now, before)) in counts(&change).iter().zip(counts(now).iter().zip(counts(earlier))) {
        ensure!(Some(*difference) == now.checked_sub(before), "{difference} since, of {before} and {now}");
    }
    for (one, whole) in change.subscriptions.iter().zip(&now.subscriptions) {
        let before = earlier
            .subscriptions
            .iter()
            .find(|before| before.info.id == one.info.id && before.lane == one.lane);
        let before = before.map_or(0, |before| before.stats.delivered);
        let delivered = whole.stats.delivered.checked_sub(before);
        ensure!(Some(one.stats.delivered) == delivered, "{:?} since", one.stats);
    }
    Ok(())
}
