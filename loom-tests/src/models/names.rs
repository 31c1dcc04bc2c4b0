//! Topics' names: one that is published to by its text does not leave meanwhile.

use super::{Model, model};
use eventcast::pinned::Name;
use loom::sync::{Arc, Mutex};
use loom::thread;

pub const MODELS: &[Model] = &[model("L35-pinned-name", 0, pinned_name)];

/// The lock is the registry's. Who finds the name not pinned any more finds the publish counted.
fn pinned_name() {
    let name = Arc::new(Name::new());
    let asked_for = Arc::new(Mutex::new(false));
    let publisher = {
        let (name, asked_for) = (name.clone(), asked_for.clone());
        thread::spawn(move || {
            let mut asked_for = asked_for.lock().unwrap();
            *asked_for = true;
            assert!(name.pin(), "nobody else owns it");
            drop(asked_for);
            name.count();
            name.unpin();
        })
    };
    let sweep = move || {
        let asked_for = asked_for.lock().unwrap();
        if *asked_for && !name.is_pinned() {
            assert_eq!(name.published(), 1, "the name leaves, and a publish to it is not counted");
        }
    };
    let sweeper = thread::spawn(sweep);
    publisher.join().unwrap();
    sweeper.join().unwrap();
}
