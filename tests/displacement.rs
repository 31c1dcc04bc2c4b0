//! What lagging readers hold in guards never stands in a publisher's way, up to `lag_slots` events; beyond that it waits.

use eventcast::ring::{Builder, Overflow};

/// Three events were held and a batch was refused; now two are held, as many as there are spares.
#[test]
fn a_batch_goes_in_once_no_more_is_held_than_there_are_spares() {
    let builder = Builder::new(4).overflow(Overflow::Lag).lag_slots(2);
    let (publisher, mut a) = builder.build::<u64>().unwrap();
    publisher.publish(0).unwrap();
    let mut b = publisher.subscribe_with(Overflow::Lag);
    publisher.publish(1).unwrap();
    let zero_and_one = a.batch(2).unwrap();
    publisher.publish(2).unwrap();
    let one_and_two = b.batch(2).unwrap();
    assert_eq!((zero_and_one.len(), one_and_two.len()), (2, 2));
    while publisher.try_publish_batch([7; 4]).is_ok() {
        assert!(publisher.next_sequence() < 1_000, "nothing was ever refused");
    }
    drop(zero_and_one);
    for _ in 0..10 {
        let refused = publisher.try_publish_batch([7; 4]).err();
        assert!(refused.is_none(), "two events are held, there are two spares: {refused:?}");
    }
    assert_eq!(one_and_two.iter().copied().collect::<Vec<_>>(), [1, 2]);
}
