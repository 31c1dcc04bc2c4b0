//! Buses that carry payloads of any type, and subscriptions that want one of them.

use super::error::SubscribeError;
use super::subscribe::SubscriptionBuilder;
use super::subscription::Subscription;
use super::{Bus, SubscriptionStats};
use crate::contain::contain;
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::event::Event;
use crate::sync::{Arc, AtomicU64, Ordering::Relaxed};
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

/// A bus that carries payloads of any type; a [`Bus`] in all other respects.
///
/// # Examples
/// ```
/// use eventcast::{AnyBus, AnyPayload};
/// let bus = AnyBus::builder().build()?;
/// let mut numbers = bus.subscription(">").typed::<u32>().subscribe()?;
/// bus.publish("orders.created", AnyPayload::new(7_u32))?;
/// bus.publish("orders.created", AnyPayload::new("seven"))?;
/// bus.publish("orders.created", AnyPayload::new(8_u32))?;
/// assert_eq!((*numbers.recv()?, *numbers.recv()?), (7, 8));
/// assert_eq!(numbers.mismatched(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AnyBus = Bus<AnyPayload>;

/// A value of any type, shared by all copies of its event.
#[derive(Clone)]
pub struct AnyPayload {
    // Std's: the model checker's cannot hold a trait object, and nothing of the protocol is here.
    value: std::sync::Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl AnyPayload {
    /// Wraps a value; allocates once.
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self { value: std::sync::Arc::new(value), type_name: std::any::type_name::<T>() }
    }

    /// Is it a `T`?
    pub fn is<T: Any>(&self) -> bool {
        self.value.is::<T>()
    }

    /// The value, if it is a `T`.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.value.downcast_ref()
    }

    /// What its type is called, for people: two types may be called the same.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl fmt::Debug for AnyPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyPayload({})", self.type_name)
    }
}

type OnMismatch = Box<dyn Fn(&Event<AnyPayload>) + Send + Sync>;

/// Settings of a subscription to payloads of one type; see [`SubscriptionBuilder::typed`].
#[must_use = "a builder does nothing until `subscribe`"]
pub struct TypedBuilder<'a, T> {
    subscription: SubscriptionBuilder<'a, AnyPayload>,
    on_mismatch: Option<OnMismatch>,
    wanted: PhantomData<fn() -> T>,
}

impl<'a> SubscriptionBuilder<'a, AnyPayload> {
    /// Only payloads of type `T`. It reads past all others, which count as `filtered` and as
    /// [`mismatched`](TypedSubscription::mismatched); a [`filter`](Self::filter) that was set before sees only those that fit.
    pub fn typed<T: Any + Send + Sync>(self) -> TypedBuilder<'a, T> {
        TypedBuilder { subscription: self, on_mismatch: None, wanted: PhantomData }
    }
}

impl<T: Any + Send + Sync> TypedBuilder<'_, T> {
    /// Calls `f` with every event of its topics that carries something else. On the reader's thread; a panic in it is contained.
    pub fn on_mismatch(mut self, f: impl Fn(&Event<AnyPayload>) + Send + Sync + 'static) -> Self {
        self.on_mismatch = Some(Box::new(f));
        self
    }

    /// Makes the subscription.
    ///
    /// # Errors
    /// As [`SubscriptionBuilder::subscribe`].
    pub fn subscribe(self) -> Result<TypedSubscription<T>, SubscribeError> {
        let Self { mut subscription, on_mismatch, .. } = self;
        let mismatched = Arc::new(AtomicU64::new(0));
        let (count, filter) = (mismatched.clone(), subscription.take_filter());
        subscription = subscription.filter(move |event| {
            if !event.payload().is::<T>() {
                count.fetch_add(1, Relaxed);
                if let Some(on_mismatch) = &on_mismatch {
                    contain(|| on_mismatch(event));
                }
                return false;
            }
            filter.as_ref().is_none_or(|filter| filter(event))
        });
        Ok(TypedSubscription { subscription: subscription.subscribe()?, mismatched, wanted: PhantomData })
    }
}

impl<T> fmt::Debug for TypedBuilder<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedBuilder").field("subscription", &self.subscription).finish_non_exhaustive()
    }
}

/// Reads the events of its topics whose payload is a `T`.
#[must_use = "dropping a subscription leaves the bus"]
pub struct TypedSubscription<T> {
    pub(super) subscription: Subscription<AnyPayload>,
    mismatched: Arc<AtomicU64>,
    wanted: PhantomData<fn() -> T>,
}

impl<T: Any + Send + Sync> TypedSubscription<T> {
    /// As [`Subscription::try_recv`]; the value itself is not cloned.
    ///
    /// # Errors
    /// As there.
    pub fn try_recv(&mut self) -> Result<TypedEvent<T>, TryRecvError> {
        self.subscription.try_recv().map(TypedEvent::new)
    }

    /// As [`Subscription::recv`]; the value itself is not cloned.
    ///
    /// # Errors
    /// As there.
    pub fn recv(&mut self) -> Result<TypedEvent<T>, RecvError> {
        self.subscription.recv().map(TypedEvent::new)
    }

    /// As [`Subscription::recv_timeout`]; the value itself is not cloned.
    ///
    /// # Errors
    /// As there.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<TypedEvent<T>, RecvTimeoutError> {
        self.subscription.recv_timeout(timeout).map(TypedEvent::new)
    }

    /// As [`Subscription::iter`].
    pub fn iter(&mut self) -> impl Iterator<Item = TypedEvent<T>> {
        self.subscription.iter().map(TypedEvent::new)
    }

    /// As [`Subscription::try_iter`].
    pub fn try_iter(&mut self) -> impl Iterator<Item = TypedEvent<T>> {
        self.subscription.try_iter().map(TypedEvent::new)
    }

    /// How many events of its topics carried something else.
    pub fn mismatched(&self) -> u64 {
        self.mismatched.load(Relaxed)
    }

    /// As [`Subscription::stats`]; those that carried something else are among the filtered.
    pub fn stats(&self) -> SubscriptionStats {
        self.subscription.stats()
    }
}

impl<T> fmt::Debug for TypedSubscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedSubscription")
            .field("subscription", &self.subscription)
            .field("mismatched", &self.mismatched)
            .finish_non_exhaustive()
    }
}

/// An event whose payload is known to be a `T`, which it dereferences to.
#[derive(Clone)]
pub struct TypedEvent<T> {
    event: Event<AnyPayload>,
    wanted: PhantomData<fn() -> T>,
}

impl<T: Any> TypedEvent<T> {
    /// Of an event that the subscription's filter has let through.
    pub(super) fn new(event: Event<AnyPayload>) -> Self {
        Self { event, wanted: PhantomData }
    }

    /// The event, with its topic, sequence, time and the rest.
    pub fn event(&self) -> &Event<AnyPayload> {
        &self.event
    }
}

impl<T: Any> Deref for TypedEvent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.event.payload().get().expect("the filter let only such payloads through")
    }
}

impl<T: Any + fmt::Debug> fmt::Debug for TypedEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedEvent").field("event", &self.event).field("value", &**self).finish()
    }
}
