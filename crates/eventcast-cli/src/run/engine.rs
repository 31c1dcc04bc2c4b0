//! The run itself: one bus, a thread per subscriber, a thread per publisher.

use super::progress::Progress;
use super::publisher::{self, Published};
use super::subscriber::{self, Received};
use super::{Delivery, Plan};
use crate::input::Input;
use crate::stop::Stop;
use eventcast::{Bus, Stats};
use std::error::Error;
use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{Builder, Scope, ScopedJoinHandle, scope};
use std::time::Duration;

/// How often the progress bar is brought up to date.
const TICK: Duration = Duration::from_millis(100);

/// What happened.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) published: Vec<Published>,
    /// In the order of the plan's subscribers.
    pub(crate) received: Vec<Received>,
    pub(crate) bus: Stats,
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

/// Publishes everything, waits until it is read, and collects what everybody saw.
pub(super) fn run(plan: &Plan, input: &Input, stop: &Stop) -> Result<Outcome, Box<dyn Error>> {
    // Nobody gives up: subscribers read until the bus is closed.
    let bus = Bus::<Delivery>::builder().capacity(plan.capacity).publish_timeout(None).build()?;
    let topics = input.topics.iter().map(|name| bus.topic(name)).collect::<Result<Vec<_>, _>>()?;
    let subscriptions = plan
        .subscribers
        .iter()
        .map(|wanted| bus.subscription(&wanted.pattern).overflow(wanted.overflow).subscribe())
        .collect::<Result<Vec<_>, _>>()?;
    let (published, received) = scope(|scope| {
        let close_on_return = CloseOnDrop(&bus);
        let mut readers = Vec::new();
        for (number, subscription) in subscriptions.into_iter().enumerate() {
            readers.push(spawn(scope, format!("subscriber-{number}"), || subscriber::receive(subscription))?);
        }
        let (alive, finished) = channel::<()>();
        let mut writers = Vec::new();
        for number in 0..plan.publishers {
            // Each publisher has handles of its own, and holds one end of the channel until it is done.
            let (topics, alive) = (topics.clone(), alive.clone());
            writers.push(spawn(scope, format!("publisher-{number}"), move || {
                let _alive = alive;
                publisher::publish(number, plan.publishers, plan.total, &input.records, &topics, stop)
            })?);
        }
        drop(alive);
        let progress = Progress::new(plan.total);
        while let Err(RecvTimeoutError::Timeout) = finished.recv_timeout(TICK) {
            progress.show(bus.stats().accepted);
        }
        drop(progress);
        let published = writers.into_iter().map(join).collect();
        drop(close_on_return);
        let received = readers.into_iter().map(join).collect();
        Ok::<_, io::Error>((published, received))
    })?;
    Ok(Outcome { published, received, bus: bus.stats(), interrupted: stop.is_set() })
}

/// Ends the subscribers, also when a thread could not be started or a publisher panicked.
struct CloseOnDrop<'a>(&'a Bus<Delivery>);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        // They read what is left on their own time; their threads are joined.
        let _ = self.0.close(Duration::ZERO);
    }
}

fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    Builder::new().name(name).spawn_scoped(scope, work)
}

/// What a thread answered; its panic goes on.
fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
