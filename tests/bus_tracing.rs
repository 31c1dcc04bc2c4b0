//! With the feature `tracing` a bus tells who comes, goes and loses events, and an event knows the span of its publisher.
#![cfg(feature = "tracing")]

use eventcast::{Bus, Overflow};
use std::cell::Cell;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

thread_local! {
    static SPAN: Cell<u64> = const { Cell::new(0) };
}

/// Keeps each event of the engine as a line, and each pair of a span and what it follows.
#[derive(Clone, Default)]
struct Listener {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<Mutex<Vec<&'static Metadata<'static>>>>,
    followed: Arc<Mutex<Vec<(u64, u64)>>>,
    panics: bool,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut spans = self.spans.lock().unwrap();
        spans.push(span.metadata());
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.followed.lock().unwrap().push((span.into_u64(), follows.into_u64()));
    }

    fn event(&self, event: &Event<'_>) {
        assert!(!self.panics, "a listener that panics");
        assert_eq!(event.metadata().target(), "eventcast");
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn enter(&self, span: &Id) {
        SPAN.set(span.into_u64());
    }

    fn exit(&self, _: &Id) {
        SPAN.set(0);
    }

    fn current_span(&self) -> Current {
        match SPAN.get() {
            0 => Current::none(),
            id => Current::new(Id::from_u64(id), self.spans.lock().unwrap()[id as usize - 1]),
        }
    }
}

/// What a listener hears while `f` runs.
fn heard(f: impl FnOnce()) -> Vec<String> {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), f);
    listener.lines.lock().unwrap().clone()
}

#[track_caller]
fn is(line: &str, level: &str, message: &str, parts: &[&str]) {
    assert!(line.starts_with(&format!("{level} ")) && line.contains(&format!("message={message}")), "{line}");
    parts.iter().for_each(|part| assert!(line.contains(part), "{part} in {line}"));
}

#[test]
fn who_comes_goes_and_loses_events_is_told() {
    let lines = heard(|| {
        let bus = Bus::<u32>::builder().capacity(4).build().unwrap();
        let mut lag = bus.subscription("a").overflow(Overflow::Lag).name("screen").subscribe().unwrap();
        let mut gone = bus.subscription(">").overflow(Overflow::Disconnect).subscribe().unwrap();
        for n in 0..40 {
            bus.publish("a", n).unwrap();
        }
        assert!(lag.recv().unwrap_err().is_lagged());
        while !gone.try_recv().is_err_and(|error| error.is_disconnected()) {}
        drop(gone);
        drop(lag);
        let _ = bus.close(Duration::ZERO);
        let _ = bus.close(Duration::ZERO);
    });
    let [first, second, lagged, disconnected, left, left_too, closed] = &lines[..] else {
        panic!("{lines:#?}")
    };
    is(first, "DEBUG", "subscribed", &["name=\"screen\"", "pattern=\"a\"", "overflow=Lag", "joined=0"]);
    is(second, "DEBUG", "subscribed", &["pattern=\">\"", "overflow=Disconnect"]);
    is(lagged, "WARN", "lagged", &["name=\"screen\"", "missed="]);
    is(disconnected, "WARN", "disconnected", &["pattern=\">\"", "lost="]);
    is(left, "DEBUG", "left", &["pattern=\">\"", "lost="]);
    is(left_too, "DEBUG", "left", &["name=\"screen\"", "delivered=0"]);
    is(closed, "INFO", "closed", &["accepted=40"]);
}

#[test]
fn a_panic_that_is_contained_is_told_with_its_words() {
    let lines = heard(|| {
        let bus = Bus::<u32>::builder().filter(|_| panic!("no idea")).build().unwrap();
        assert!(bus.publish("a", 1).unwrap_err().is_filtered());
    });
    is(&lines[0], "ERROR", "contained a panic", &["panic=\"no idea\""]);
}

#[test]
fn an_event_knows_the_span_of_its_publisher() {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), || {
        let bus = Bus::<u32>::builder().build().unwrap();
        let mut sub = bus.subscribe(">").unwrap();
        let checkout = tracing::info_span!("checkout");
        checkout.in_scope(|| bus.publish("a", 1)).unwrap();
        bus.publish("a", 2).unwrap();
        let inside = sub.recv().unwrap();
        assert_eq!((inside.span(), inside.clone().span()), (checkout.id(), checkout.id()));
        assert_eq!(sub.recv().unwrap().span(), None);
        let bookkeeping = tracing::info_span!("bookkeeping");
        bookkeeping.follows_from(inside.span());
        let ids = [&bookkeeping, &checkout].map(|span| span.id().unwrap().into_u64());
        assert_eq!(*listener.followed.lock().unwrap(), [(ids[0], ids[1])]);
    });
}

#[test]
fn a_listener_that_panics_harms_nobody() {
    let listener = Listener { panics: true, ..Listener::default() };
    tracing::subscriber::with_default(listener, || {
        let bus =
            Bus::<u32>::builder().filter(|event| *event.payload() != 13 || panic!("13")).build().unwrap();
        let mut sub = bus.subscribe(">").unwrap();
        bus.publish("a", 1).unwrap();
        assert!(bus.publish("a", 13).unwrap_err().is_filtered());
        assert_eq!(*sub.recv().unwrap().payload(), 1);
        drop(sub);
        assert!(bus.close(Duration::ZERO).is_complete());
    });
}
