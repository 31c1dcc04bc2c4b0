//! The run itself: one bus, a thread per subscriber, a thread per publisher.

use super::progress::Progress;
use super::publisher::{self, Job, Phase, Published};
use super::subscriber::{self, Received};
use super::{Delivery, Plan};
use crate::args::{Mode, StartAt, Subscribe};
use crate::input::Input;
use crate::stop::Stop;
use eventcast::{BuildError, Bus, Snapshot, SubscribeError, Subscription};
use std::error::Error;
use std::io;
use std::ops::Range;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, Scope, ScopedJoinHandle, scope};
use std::time::Duration;

/// How often the line that shows the progress may change.
const TICK: Duration = Duration::from_millis(50);

/// What happened.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) published: Vec<Published>,
    /// In the order of the plan's subscribers.
    pub(crate) received: Vec<Received>,
    /// The engine's own counts.
    pub(crate) snapshot: Snapshot,
    pub(crate) interrupted: bool,
}

impl Outcome {
    /// From the first offer to the last read.
    pub(crate) fn elapsed(&self) -> Duration {
        let began = self.published.iter().map(|published| published.began).min();
        let ended = self.published.iter().map(|published| published.ended);
        let read = self.received.iter().filter_map(|received| received.span).map(|(_, last)| last);
        match (began, ended.chain(read).max()) {
            (Some(began), Some(ended)) => ended.saturating_duration_since(began),
            _ => Duration::ZERO,
        }
    }
}

/// The bus of a run.
pub(super) fn bus(plan: &Plan) -> Result<Bus<Delivery>, BuildError> {
    // Nobody gives up: subscribers read until the bus is closed.
    Bus::builder().capacity(plan.capacity).publish_timeout(None).build()
}

/// Publishes everything, waits until it is read, and collects what everybody saw.
pub(super) fn run(
    bus: &Bus<Delivery>,
    plan: &Plan,
    input: &Input,
    stop: &Stop,
) -> Result<Outcome, Box<dyn Error>> {
    let topics = input.topics.iter().map(|name| bus.topic(name)).collect::<Result<Vec<_>, _>>()?;
    let mut progress = Progress::new(plan);
    let mut show = || progress.show(bus);
    let job = Job { publishers: plan.publishers, records: &input.records, stop };
    let publish = |part: Range<u64>, phase, before: Vec<Published>, show: &mut dyn FnMut()| {
        scope(|scope| {
            let writers = before.into_iter().zip(0..).map(|(published, number)| {
                // Each publisher has handles of its own.
                let (job, topics, part) = (&job, topics.clone(), part.clone());
                spawn(scope, format!("publisher-{number}"), move || {
                    publisher::publish(job, number, part, phase, &topics, published)
                })
            });
            let writers = writers.collect::<io::Result<Vec<_>>>()?;
            Ok::<_, io::Error>(finish(writers, show))
        })
    };
    let mut published: Vec<_> = (0..plan.publishers).map(|_| Published::new(input.records.len())).collect();
    if plan.join_after > 0 {
        let phase = Phase::BeforeJoining { kept: plan.capacity };
        published = publish(0..plan.join_after, phase, published, &mut show)?;
    }
    let start = plan.start.at_most(bus.stats().accepted);
    let subscriptions =
        plan.subscribers.iter().map(|wanted| subscribe(bus, wanted, start)).collect::<Result<Vec<_>, _>>()?;
    let (published, read) = scope(|scope| {
        let close_on_return = CloseOnDrop(bus);
        let readers = subscriptions.into_iter().enumerate().map(|(number, subscription)| {
            spawn(scope, format!("subscriber-{number}"), || subscriber::receive(subscription))
        });
        let readers = readers.collect::<io::Result<Vec<_>>>()?;
        let published = publish(plan.join_after..plan.total, Phase::Joined, published, &mut show)?;
        drop(close_on_return);
        Ok::<_, io::Error>((published, finish(readers, &mut show)))
    })?;
    drop(progress);
    // While the subscriptions are there.
    let snapshot = bus.snapshot();
    let received = read.into_iter().map(|(received, _)| received).collect();
    Ok(Outcome { published, received, snapshot, interrupted: stop.is_set() })
}

fn subscribe(
    bus: &Bus<Delivery>,
    wanted: &Subscribe,
    start: StartAt,
) -> Result<Subscription<Delivery>, SubscribeError> {
    let subscription = bus.subscription(&wanted.pattern).start(start);
    let subscription = match wanted.mode {
        Mode::Direct(overflow) => subscription.overflow(overflow),
        Mode::Queue { events, overflow } => subscription.queue(events).queue_overflow(overflow),
    };
    match wanted.filter.clone() {
        Some(filter) => subscription
            .filter(move |event| event.payload().data.as_ref().is_some_and(|data| filter.matches(data)))
            .subscribe(),
        None => subscription.subscribe(),
    }
}

/// Ends the subscribers, also when a thread could not be started or a publisher panicked.
struct CloseOnDrop<'a>(&'a Bus<Delivery>);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        // They read what is left on their own time; their threads are joined.
        let _ = self.0.close(Duration::ZERO);
    }
}

/// A thread that says when it is done, also by a panic.
struct Running<'scope, T> {
    thread: ScopedJoinHandle<'scope, T>,
    done: Receiver<()>,
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<Running<'scope, T>> {
    // Nothing is ever sent: it ends with the thread.
    let (alive, done) = channel();
    let thread = Builder::new().name(name).spawn_scoped(scope, move || {
        let _alive = alive;
        work()
    })?;
    Ok(Running { thread, done })
}

/// What the threads answered; calls `show` now and then until the last one is done. A thread's panic goes on.
fn finish<T>(threads: Vec<Running<'_, T>>, show: &mut dyn FnMut()) -> Vec<T> {
    let answer = |Running { thread, done }: Running<'_, T>| {
        while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(TICK) {
            show();
        }
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    };
    threads.into_iter().map(answer).collect()
}
