//! Which public types are `Send`, `Sync`, `Clone` and `Unpin`, for events that are, and for some that are not.

use eventcast::ring::{
    Batch, BatchIter, BatchRefusal, BuildError, Builder, IntoIter, Iter, Overflow, PublishBatchError,
    PublishError, PublishTimeoutError, Publisher, RecvError, RecvTimeoutError, Results, Start, StartError,
    Subscriber, SubscriberId, TryIter, TryPublishError, TryRecvError, UniquePublisher, Wait, WeakPublisher,
};
use eventcast::{Subscription, TypedSubscription, Waitable};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::MutexGuard;

/// The type is all of these.
macro_rules! assert_impl {
    ($type:ty: $($trait:path),+) => {
        const _: fn() = || {
            fn all<T: ?Sized $(+ $trait)+>() {}
            all::<$type>();
        };
    };
}

/// The type is none of these: were it one, the call below would be ambiguous.
macro_rules! assert_not_impl {
    ($type:ty: $($trait:path),+) => {
        $(const _: fn() = || {
            trait Ambiguous<A> {
                fn pick() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Other;
            impl<T: ?Sized + $trait> Ambiguous<Other> for T {}
            let _ = <$type as Ambiguous<_>>::pick;
        };)+
    };
}

/// Handles for an event of this type go between threads.
macro_rules! shareable {
    ($event:ty) => {
        assert_impl!(Publisher<$event>: Send, Sync, Clone, Unpin);
        assert_impl!(WeakPublisher<$event>: Send, Sync, Clone, Unpin);
        assert_impl!(UniquePublisher<$event>: Send, Unpin);
        assert_not_impl!(UniquePublisher<$event>: Clone);
        assert_impl!(Subscriber<$event>: Send, Sync, Unpin);
        assert_not_impl!(Subscriber<$event>: Clone);
        assert_impl!(Batch<'static, $event>: Send, Sync, Unpin);
        assert_not_impl!(Batch<'static, $event>: Clone, Iterator);
        assert_impl!(BatchIter<'static, $event>: Send, Sync, Unpin);
        assert_impl!(Iter<'static, $event>: Send, Sync, Unpin);
        assert_impl!(TryIter<'static, $event>: Send, Sync, Unpin);
        assert_impl!(Results<'static, $event>: Send, Sync, Unpin);
        assert_impl!(IntoIter<$event>: Send, Sync, Unpin);
        assert_impl!(PublishError<$event>: Send, Sync, Unpin);
        assert_impl!(TryPublishError<$event>: Send, Sync, Unpin);
        assert_impl!(PublishTimeoutError<$event>: Send, Sync, Unpin);
        assert_impl!(PublishBatchError<$event>: Send, Sync, Unpin);
    };
}

/// No handle for an event of this type leaves its thread, were there a ring of it.
macro_rules! confined {
    ($event:ty) => {
        assert_not_impl!(Publisher<$event>: Send, Sync);
        assert_not_impl!(WeakPublisher<$event>: Send, Sync);
        assert_not_impl!(UniquePublisher<$event>: Send, Sync);
        assert_not_impl!(Subscriber<$event>: Send, Sync);
        assert_not_impl!(Batch<'static, $event>: Send, Sync);
        assert_not_impl!(BatchIter<'static, $event>: Send, Sync);
        assert_not_impl!(Iter<'static, $event>: Send, Sync);
        assert_not_impl!(IntoIter<$event>: Send, Sync);
    };
}

shareable!(u8);
shareable!(());
shareable!(String);
shareable!(std::sync::Arc<[u64]>);
shareable!(Box<dyn Fn() + Send + Sync>);

// `Cell` may be sent but not shared, `MutexGuard` shared but not sent, the others neither.
confined!(Cell<u8>);
confined!(Rc<u8>);
confined!(MutexGuard<'static, u8>);
confined!(*const u8);
confined!(*mut u8);

// The unique publisher remembers its limit in a cell: one thread at a time.
assert_not_impl!(UniquePublisher<u8>: Sync);

assert_impl!(Builder: Send, Sync, Clone, Unpin, PartialEq, std::fmt::Debug);
assert_impl!(Overflow: Send, Sync, Copy, Eq, Default, std::hash::Hash, std::fmt::Debug);
assert_impl!(Wait: Send, Sync, Copy, Eq, Default, std::hash::Hash, std::fmt::Debug);
assert_impl!(Start: Send, Sync, Copy, Eq, Default, std::fmt::Debug);
assert_impl!(SubscriberId: Send, Sync, Copy, Ord, std::hash::Hash, std::fmt::Display);
assert_impl!(BuildError: Send, Sync, Copy, Eq, std::error::Error);
assert_impl!(StartError: Send, Sync, Copy, Eq, std::error::Error);
assert_impl!(RecvError: Send, Sync, Copy, Eq, std::error::Error);
assert_impl!(TryRecvError: Send, Sync, Copy, Eq, std::error::Error);
assert_impl!(RecvTimeoutError: Send, Sync, Copy, Eq, std::error::Error);
assert_impl!(BatchRefusal: Send, Sync, Copy, Eq);

// What carries an event of an error goes where the event may go.
assert_impl!(PublishError<Cell<u8>>: Send);
assert_not_impl!(PublishError<Cell<u8>>: Sync);
assert_not_impl!(PublishBatchError<Rc<u8>>: Send, Sync);

// Subscriptions go between threads, and nothing of them is pinned, whatever the payload.
struct Pinned(std::marker::PhantomPinned);
assert_impl!(Subscription<String>: Send, Sync, Unpin);
assert_not_impl!(Subscription<String>: Clone);
assert_impl!(Subscription<Pinned>: Unpin);
assert_impl!(TypedSubscription<Pinned>: Send, Sync, Unpin);
assert_impl!(Subscription<String>: Waitable);
assert_impl!(TypedSubscription<String>: Waitable);
assert_not_impl!(eventcast::ring::Subscriber<String>: Waitable);
#[cfg(feature = "stream")]
const _: () = {
    assert_impl!(Subscription<String>: futures_core::Stream);
    assert_impl!(TypedSubscription<String>: futures_core::Stream);
    // Its items are clones.
    assert_not_impl!(Subscription<Plain>: futures_core::Stream);
};

// Errors and handles print without a bound on the event.
struct Plain;
assert_impl!(Publisher<Plain>: std::fmt::Debug);
assert_impl!(UniquePublisher<Plain>: std::fmt::Debug);
assert_impl!(WeakPublisher<Plain>: std::fmt::Debug);
assert_impl!(Subscriber<Plain>: std::fmt::Debug);
assert_impl!(PublishError<Plain>: std::error::Error);
assert_impl!(TryPublishError<Plain>: std::error::Error);
assert_impl!(PublishTimeoutError<Plain>: std::error::Error);
assert_impl!(PublishBatchError<Plain>: std::error::Error);

/// The tables above are checked when this file compiles; the macros themselves are checked here.
#[test]
fn the_tables_compile() {
    let (publisher, subscriber) = Builder::new(2).build::<Plain>().unwrap();
    let (unique, other) = Builder::new(2).build_unique::<Plain>().unwrap();
    for text in [
        format!("{publisher:?}"),
        format!("{subscriber:?}"),
        format!("{unique:?}"),
        format!("{other:?}"),
        format!("{:?}", publisher.downgrade()),
    ] {
        assert!(text.contains("er {"), "{text}");
    }
}
