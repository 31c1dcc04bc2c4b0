//! Every predicate of every error against every variant; the refused event comes back; texts and traits ask nothing of it.

use eventcast::LaneFault;
use eventcast::ring::{
    self, BatchRefusal, BuildError, Builder, MAX_CAPACITY, Overflow, PublishBatchError, PublishError,
    PublishTimeoutError, Publisher, RecvError, RecvTimeoutError, Start, StartError, Subscriber,
    TryPublishError, TryRecvError,
};
use std::error::Error;
use std::time::Duration;

/// An event without `Debug`, `Clone` or anything else.
struct Plain(u32);

/// Checks a row of the matrix: each predicate, and whether it holds.
macro_rules! row {
    ($error:expr, $($is:ident: $holds:expr),+ $(,)?) => {{
        let error = $error;
        $(assert_eq!(error.$is(), $holds, concat!(stringify!($is), " of {:?}"), error);)+
        let text = error.to_string();
        assert!(!text.is_empty() && !text.ends_with('.'), "{text:?}");
        assert!(!text.starts_with(char::is_uppercase), "{text:?}");
        assert!(!format!("{error:?}").is_empty());
        let error: Box<dyn Error + Send + Sync + 'static> = Box::new(error);
        assert!(error.source().is_none());
        assert_eq!(error.to_string(), text);
    }};
}

#[test]
fn plain_errors() {
    row!(BuildError::ZeroCapacity, is_zero_capacity: true, is_too_large: false, is_lane: false);
    row!(BuildError::TooLarge { capacity: 9, max: 8 }, is_zero_capacity: false, is_too_large: true, is_lane: false);
    let lane = BuildError::Lane { number: 1, fault: LaneFault::ZeroCapacity };
    row!(lane, is_zero_capacity: false, is_too_large: false, is_lane: true);
    row!(StartError::TooOld { sequence: 1, oldest: 2 }, is_too_old: true, is_ahead: false);
    row!(StartError::Ahead { sequence: 3, next: 2 }, is_too_old: false, is_ahead: true);

    row!(RecvError::Lagged(3), is_lagged: true, is_disconnected: false, is_closed: false);
    row!(RecvError::Disconnected(3), is_lagged: false, is_disconnected: true, is_closed: false);
    row!(RecvError::Closed, is_lagged: false, is_disconnected: false, is_closed: true);

    row!(TryRecvError::Empty, is_empty: true, is_lagged: false, is_disconnected: false, is_closed: false);
    row!(TryRecvError::Lagged(3), is_empty: false, is_lagged: true, is_disconnected: false, is_closed: false);
    row!(TryRecvError::Disconnected(3), is_empty: false, is_lagged: false, is_disconnected: true, is_closed: false);
    row!(TryRecvError::Closed, is_empty: false, is_lagged: false, is_disconnected: false, is_closed: true);

    row!(RecvTimeoutError::Timeout, is_timeout: true, is_lagged: false, is_disconnected: false, is_closed: false);
    row!(RecvTimeoutError::Lagged(3), is_timeout: false, is_lagged: true, is_disconnected: false, is_closed: false);
    row!(RecvTimeoutError::Disconnected(3), is_timeout: false, is_lagged: false, is_disconnected: true, is_closed: false);
    row!(RecvTimeoutError::Closed, is_timeout: false, is_lagged: false, is_disconnected: false, is_closed: true);
}

#[test]
fn errors_that_carry_the_event() {
    row!(PublishError::Closed(Plain(1)), is_closed: true);
    row!(TryPublishError::Full(Plain(1)), is_full: true, is_closed: false);
    row!(TryPublishError::Closed(Plain(1)), is_full: false, is_closed: true);
    row!(PublishTimeoutError::Timeout(Plain(1)), is_timeout: true, is_closed: false);
    row!(PublishTimeoutError::Closed(Plain(1)), is_timeout: false, is_closed: true);
    assert_eq!(PublishError::Closed(Plain(7)).into_inner().0, 7);
    assert_eq!(TryPublishError::Full(Plain(7)).into_inner().0, 7);
    assert_eq!(TryPublishError::Closed(Plain(7)).into_inner().0, 7);
    assert_eq!(PublishTimeoutError::Timeout(Plain(7)).into_inner().0, 7);
    assert_eq!(PublishTimeoutError::Closed(Plain(7)).into_inner().0, 7);
    assert_eq!(PublishTimeoutError::Closed(Plain(7)).blocked_by(), None);
}

#[test]
fn errors_of_batches() {
    let full = || {
        let (publisher, subscriber) = ring::channel::<Plain>(2);
        let error = publisher.try_publish_batch((0..5).map(Plain)).unwrap_err();
        (error, subscriber)
    };
    let (error, subscriber) = full();
    assert_eq!((error.refusal(), error.blocked_by()), (BatchRefusal::Full, Some(subscriber.id())));
    assert_eq!(error.published(), 2);
    row!(error, is_full: true, is_timeout: false, is_closed: false);
    let rest = full().0.into_rest();
    assert!(rest.iter().map(|event| event.0).eq(2..5));

    let (publisher, subscriber) = ring::channel::<Plain>(2);
    let error = publisher.publish_batch_timeout((0..5).map(Plain), Duration::from_millis(1)).unwrap_err();
    assert_eq!((error.refusal(), error.blocked_by()), (BatchRefusal::Timeout, Some(subscriber.id())));
    row!(error, is_full: false, is_timeout: true, is_closed: false);
    publisher.close();
    let error: PublishBatchError<Plain> = publisher.publish_batch((0..5).map(Plain)).unwrap_err();
    assert_eq!((error.refusal(), error.blocked_by(), error.published()), (BatchRefusal::Closed, None, 0));
    row!(error, is_full: false, is_timeout: false, is_closed: true);
}

#[test]
fn from_narrow_to_wide() {
    assert!(matches!(TryPublishError::from(PublishError::Closed(5)), TryPublishError::Closed(5)));
    assert!(matches!(PublishTimeoutError::from(PublishError::Closed(5)), PublishTimeoutError::Closed(5)));
    for (narrow, wide, bounded) in [
        (RecvError::Lagged(4), TryRecvError::Lagged(4), RecvTimeoutError::Lagged(4)),
        (RecvError::Disconnected(4), TryRecvError::Disconnected(4), RecvTimeoutError::Disconnected(4)),
        (RecvError::Closed, TryRecvError::Closed, RecvTimeoutError::Closed),
    ] {
        assert_eq!(TryRecvError::from(narrow), wide);
        assert_eq!(RecvTimeoutError::from(narrow), bounded);
    }
}

/// Each variant comes out of the ring where the documentation says so.
#[test]
fn each_variant_has_its_cause() {
    assert_eq!(Builder::new(0).build::<u8>().unwrap_err(), BuildError::ZeroCapacity);
    let too_large = BuildError::TooLarge { capacity: MAX_CAPACITY + 1, max: MAX_CAPACITY };
    assert_eq!(Builder::new(MAX_CAPACITY + 1).build::<u8>().unwrap_err(), too_large);
    assert_eq!(Builder::new(0).build_unique::<u8>().unwrap_err(), BuildError::ZeroCapacity);

    let (publisher, mut block): (Publisher<u8>, Subscriber<u8>) = ring::channel(1);
    let mut lag = publisher.subscribe_with(Overflow::Lag);
    let mut gone = publisher.subscribe_with(Overflow::Disconnect);
    assert_eq!(block.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(block.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    publisher.publish(1).unwrap();
    assert_eq!(publisher.try_publish(2), Err(TryPublishError::Full(2)));
    assert_eq!(publisher.publish_timeout(3, Duration::ZERO), Err(PublishTimeoutError::Timeout(3)));
    for event in 2..10 {
        assert!(block.recv().is_ok());
        publisher.publish(event).unwrap();
    }
    let Err(RecvError::Lagged(missed)) = lag.recv() else { panic!("no lag") };
    assert_eq!(missed + lag.try_iter().count() as u64, 9);
    // Marked by the second event.
    let before = u64::from(gone.recv().is_ok());
    assert_eq!(
        gone.recv(),
        if before == 1 { Err(RecvError::Disconnected(0)) } else { Err(RecvError::Closed) }
    );
    let too_old = publisher.subscribe_from(Start::Sequence(0), Overflow::Lag).unwrap_err();
    assert_eq!(too_old, StartError::TooOld { sequence: 0, oldest: 8 });
    let ahead = publisher.subscribe_from(Start::Sequence(10), Overflow::Lag).unwrap_err();
    assert_eq!(ahead, StartError::Ahead { sequence: 10, next: 9 });
    assert_eq!(publisher.subscriber_count(), 2);
    publisher.close();
    assert_eq!(publisher.publish(1), Err(PublishError::Closed(1)));
    assert_eq!(publisher.try_publish(1), Err(TryPublishError::Closed(1)));
    assert_eq!(publisher.publish_timeout(1, Duration::MAX), Err(PublishTimeoutError::Closed(1)));
    assert_eq!(block.recv(), Ok(9));
    assert_eq!(block.recv(), Err(RecvError::Closed));
    assert_eq!(block.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(block.recv_timeout(Duration::MAX), Err(RecvTimeoutError::Closed));
}

/// `?` works in a function that answers with the usual boxed error.
#[test]
fn question_mark() {
    fn all() -> Result<(), Box<dyn Error + Send + Sync>> {
        let (publisher, mut subscriber) = Builder::new(4).build::<u8>()?;
        publisher.publish(1)?;
        publisher.try_publish(2)?;
        publisher.publish_timeout(3, Duration::ZERO)?;
        publisher.publish_batch([4])?;
        publisher.subscribe_from(Start::Oldest, Overflow::Lag)?.try_recv()?;
        subscriber.recv()?;
        subscriber.recv_timeout(Duration::ZERO)?;
        subscriber.drain(1, |_| ())?;
        Ok(())
    }
    all().unwrap();
}
