//! Between the dispatcher and a queued subscription: what is put in comes out once, on one side or the other, and whoever waits
//! for room is called.

use super::{Model, model};
use crate::ring::{Event, event};
use eventcast::pipe::{Intake, Outflow, pipe};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L19-evict-take", 0, evict_take),
    model("L19-room-called", 0, room_called),
    model("L34-put-wait", 3, put_wait),
    model("L34-end-wait", 3, end_wait),
];

fn taken(outflow: &mut Outflow<Event>, got: &mut Vec<u64>) -> bool {
    match outflow.take() {
        Ok((event, _)) => {
            got.push(*event.get_ref());
            false
        }
        Err(ended) => ended,
    }
}

/// The reader takes between the dispatcher's look for room, its taking the oldest out, and its putting the new one in.
fn evict_take() {
    const EVENTS: u64 = 3;
    let (intake, mut outflow): (Intake<Event>, _) = pipe(1);
    let dispatcher = thread::spawn(move || {
        let mut evicted = Vec::new();
        for n in 0..EVENTS {
            evicted.extend(intake.evict().map(|oldest| *oldest.get_ref()));
            intake.put(event(n));
        }
        (intake.finish(), evicted)
    });
    let mut got = Vec::new();
    taken(&mut outflow, &mut got);
    taken(&mut outflow, &mut got);
    let (counts, evicted) = dispatcher.join().unwrap();
    while !taken(&mut outflow, &mut got) {}
    assert!(got.is_sorted(), "out of order");
    assert_eq!(got.last(), Some(&(EVENTS - 1)), "the newest is never evicted");
    assert_eq!(got.len() + evicted.len(), EVENTS as usize, "lost or doubled");
    assert_eq!(counts.all(), (EVENTS, evicted.len() as u64, 0));
    assert!(counts.is_disconnected());
}

/// The reader makes room at every moment of the dispatcher's falling asleep.
fn room_called() {
    let (intake, mut outflow) = pipe(1);
    intake.put(event(0));
    let bell = Arc::new((Mutex::new(false), Condvar::new()));
    let dispatcher = {
        let bell = bell.clone();
        thread::spawn(move || {
            while intake.room() == 0 && intake.await_room() {
                let mut rung = bell.0.lock().unwrap();
                while !*rung {
                    rung = bell.1.wait(rung).unwrap();
                }
                *rung = false;
            }
            intake.put(event(1));
        })
    };
    let Ok((first, awaited)) = outflow.take() else { panic!("the first event was there") };
    assert_eq!(*first.get_ref(), 0);
    if awaited {
        *bell.0.lock().unwrap() = true;
        bell.1.notify_one();
    }
    dispatcher.join().unwrap();
    assert!(outflow.take().is_ok_and(|(second, _)| *second.get_ref() == 1));
}

/// Items come at every moment of a reader's falling asleep.
fn put_wait() {
    const EVENTS: u64 = 2;
    let (intake, mut outflow) = pipe(2);
    let dispatcher = thread::spawn(move || {
        (0..EVENTS).for_each(|n| intake.put(event(n)));
        intake
    });
    let mut got = Vec::new();
    while got.len() < EVENTS as usize {
        if !taken(&mut outflow, &mut got) && got.len() < EVENTS as usize {
            outflow.sleep();
        }
    }
    assert_eq!(got, [0, 1]);
    drop(dispatcher.join().unwrap());
}

/// So does the end.
fn end_wait() {
    let (intake, mut outflow) = pipe(1);
    let dispatcher = thread::spawn(move || {
        intake.put(event(0));
        intake.finish()
    });
    let mut got = Vec::new();
    while !taken(&mut outflow, &mut got) {
        outflow.sleep();
        thread::yield_now();
    }
    assert_eq!(got, [0]);
    assert!(dispatcher.join().unwrap().is_disconnected());
}
