//! What our bus takes of memory: idle, for a direct subscription, for a queued event; by an allocator that counts.

mod counting;
#[path = "../../machine.rs"]
mod machine;

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use eventcast::{Bus, BusBuilder, Event, QueueOverflow, Subscription};

use crate::counting::{kept, live};
use crate::machine::Machine;

const HELP: &str = "\
memory: what our bus takes of memory, against its limits

usage: memory [OPTIONS]

  --record DIR    write memory-DATE-COMMIT.md into DIR
  --help          this text
";

/// The payload: 64 bytes, as in the race.
type Payload = [u64; 8];

/// An event as the bus keeps it.
const EVENT: usize = size_of::<Event<Payload>>();

/// Slots of a bus, and twice as many: what does not grow with them is no slot.
const CAPACITIES: (usize, usize) = (1024, 2048);

/// Subscriptions that are made together, so that room which is taken for several at once is shared out.
const SUBSCRIPTIONS: usize = 256;

/// Events of a queue.
const QUEUE: usize = 4096;

/// Bytes, and what they may be at most.
struct Figure {
    what: &'static str,
    bytes: f64,
    limit: Option<usize>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memory: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything and reports.
fn run() -> Result<(), Box<dyn Error>> {
    use lexopt::prelude::*;
    let mut record: Option<PathBuf> = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("record") => record = Some(PathBuf::from(parser.value()?)),
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            _ => return Err(argument.unexpected().into()),
        }
    }
    let mut figures = idle()?;
    figures.extend(direct()?);
    figures.extend(queued()?);
    let machine = Machine::here();
    let text = markdown(&machine, &figures);
    print!("{text}");
    if let Some(directory) = record {
        let name = format!("memory-{}-{}.md", machine.date, machine.commit);
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(&name), text)?;
        println!("record: {name}");
    }
    Ok(())
}

/// A builder of buses that wait for room as long as it takes.
fn builder(capacity: usize) -> BusBuilder<Payload> {
    Bus::builder().capacity(capacity).publish_timeout(None)
}

/// A bus that nothing has happened on. Histograms, once there are any, are not to count either.
fn idle() -> Result<Vec<Figure>, Box<dyn Error>> {
    let (one, two) = CAPACITIES;
    let (single, _bus) = kept(|| builder(one).build())?;
    let (double, _bus) = kept(|| builder(two).build())?;
    let slot = (double - single) as f64 / (two - one) as f64;
    let (spares, _bus) = kept(|| builder(one).lag_slots(1).build())?;
    Ok(vec![
        Figure { what: "an idle bus of 1,024 events, all of it", bytes: single as f64, limit: None },
        Figure { what: "of it, what grows with the capacity, for an event", bytes: slot, limit: None },
        Figure { what: "of it, what depends on `lag_slots`", bytes: (single - spares) as f64, limit: None },
        Figure {
            what: "an idle bus apart from its slots",
            bytes: spares as f64 - slot * one as f64,
            limit: Some(8 * 1024),
        },
    ])
}

/// Direct subscriptions: what they take on the heap, and the handle that the caller keeps.
fn direct() -> Result<Vec<Figure>, Box<dyn Error>> {
    let bus = builder(CAPACITIES.0).build()?;
    let topic = bus.topic("orders.created")?;
    let (first, mut _first) = kept(|| bus.subscribe("orders.*"))?;
    // Room for the handles is taken before.
    let mut subscriptions = Vec::with_capacity(SUBSCRIPTIONS);
    let before = live();
    for _ in 0..SUBSCRIPTIONS {
        subscriptions.push(bus.subscribe("orders.*")?);
    }
    let fresh = (live() - before) as f64 / SUBSCRIPTIONS as f64;
    topic.publish([7; 8])?;
    for subscription in subscriptions.iter_mut().chain([&mut _first]) {
        subscription.drain(1, |event| assert_eq!(*event.payload(), [7; 8]))?;
    }
    let used = (live() - before) as f64 / SUBSCRIPTIONS as f64;
    assert_eq!(bus.stats().subscriptions, SUBSCRIPTIONS + 1, "a subscription is missing");
    let handle = size_of::<Subscription<Payload>>() as f64;
    let limit = Some(512);
    Ok(vec![
        Figure {
            what: "the first direct subscription of a bus, on the heap",
            bytes: first as f64,
            limit: None,
        },
        Figure { what: "a direct subscription, of 256 more, on the heap", bytes: fresh, limit },
        Figure { what: "the same, once it has read an event", bytes: used, limit },
        Figure { what: "the handle of a subscription, which its owner keeps", bytes: handle, limit: None },
        Figure {
            what: "a direct subscription that has read an event, and its handle",
            bytes: used + handle,
            limit,
        },
    ])
}

/// Events in queues: in one whose memory is taken at once, and in one that takes it as it is needed.
fn queued() -> Result<Vec<Figure>, Box<dyn Error>> {
    let lossless = QueueOverflow::Block { within: Duration::MAX };
    let bus = builder(CAPACITIES.0).build()?;
    let subscribe = |events: usize| bus.subscription(">").queue(events).queue_overflow(lossless).subscribe();
    // Nothing is dropped meanwhile: the dispatcher would give its memory back at some later moment. The first starts it.
    let _first = subscribe(1)?;
    let (short, _one) = kept(|| subscribe(QUEUE))?;
    let (long, _two) = kept(|| subscribe(2 * QUEUE))?;
    let reserved = (long - short) as f64 / QUEUE as f64;

    let bus = builder(CAPACITIES.0).build()?;
    let topic = bus.topic("orders.created")?;
    let ceiling = 4 * QUEUE * (EVENT + 16);
    let mut queue = bus.subscription(">").unbounded_queue(ceiling).queue_overflow(lossless).subscribe()?;
    let fill = |events: usize| -> Result<(), Box<dyn Error>> {
        for number in 0..events {
            topic.publish([number as u64; 8])?;
        }
        while queue.stats().ahead > 0 {
            std::thread::yield_now();
        }
        Ok(())
    };
    // What the first events take for themselves is taken.
    fill(QUEUE)?;
    let before = live();
    fill(QUEUE)?;
    let needed = (live() - before) as f64 / QUEUE as f64;
    assert_eq!(queue.stats().queued, 2 * QUEUE as u64, "an event is missing");
    let mut number = 0;
    while number < 2 * QUEUE as u64 {
        assert_eq!(queue.try_recv()?.payload()[0], number % QUEUE as u64, "an event out of order");
        number += 1;
    }
    let limit = Some(EVENT + 16);
    Ok(vec![
        Figure { what: "`size_of::<Event<[u64; 8]>>()`", bytes: EVENT as f64, limit: None },
        Figure { what: "an event in a queue, memory taken at once", bytes: reserved, limit },
        Figure { what: "an event in a queue, memory taken as needed", bytes: needed, limit },
    ])
}

/// The record.
fn markdown(machine: &Machine, figures: &[Figure]) -> String {
    let mut out = format!("# memory, {} {} UTC, commit {}\n\n", machine.date, machine.time, machine.commit);
    let _ = writeln!(out, "- machine: {}\n- {}", machine.description, machine.rustc);
    let _ = writeln!(out, "- load average before on {} cores: {}", machine.cores, machine.load);
    out.push_str("- bytes that the allocator was asked for, 64-byte payloads\n\n| what | bytes | at most | |\n| --- | --- | --- | --- |\n");
    for Figure { what, bytes, limit } in figures {
        let (limit, verdict) = match limit {
            Some(limit) if *bytes <= *limit as f64 => (limit.to_string(), "reached"),
            Some(limit) => (limit.to_string(), "NOT REACHED"),
            None => ("-".to_owned(), ""),
        };
        let _ = writeln!(out, "| {what} | {bytes:.1} | {limit} | {verdict} |");
    }
    out
}
