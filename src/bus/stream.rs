//! Subscriptions as streams of an executor.
//!
//! Look; register the task's waker; heavy barrier; look once more; pending. The ring's sleepers and the queue's keep it until
//! something comes, another waker takes its place, or the subscription is dropped.

use super::any::{TypedEvent, TypedSubscription};
use super::subscription::{Reader, Subscription};
use crate::error::{RecvError, TryRecvError};
use crate::event::Event;
use crate::ring::Bed;
use futures_core::Stream;
use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The events of its topics, by cloning them, as [`results`](Subscription::results) has them: a lag or a disconnect shows as an
/// `Err`; the stream ends when the bus is closed and drained, and after a disconnect.
///
/// The last waker that polled is woken: by a publish to any topic (the task looks, and goes on waiting if the topic is not one of
/// its own), for a queued subscription by an event in its queue, and by the close of the bus. It is called on the thread
/// that publishes, or on the dispatcher's, so it should only schedule its task; a panic in it is contained. With this
/// feature publishers look for sleepers whatever the bus's [way of waiting](crate::Wait).
///
/// # Examples
/// ```
/// use futures_core::Stream;
/// use std::pin::Pin;
/// use std::task::{Context, Poll, Waker};
///
/// let bus = eventcast::Bus::<u32>::builder().build()?;
/// let mut sub = bus.subscribe("orders.*")?;
/// let mut context = Context::from_waker(Waker::noop());
/// assert!(Pin::new(&mut sub).poll_next(&mut context).is_pending());
/// bus.publish("orders.created", 7)?;
/// match Pin::new(&mut sub).poll_next(&mut context) {
///     Poll::Ready(Some(Ok(event))) => assert_eq!(*event.payload(), 7),
///     other => unreachable!("{other:?}"),
/// }
/// drop(bus);
/// assert!(matches!(Pin::new(&mut sub).poll_next(&mut context), Poll::Ready(None)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
impl<P: Clone> Stream for Subscription<P> {
    type Item = Result<Event<P>, RecvError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let mut result = this.try_recv();
        if let Err(TryRecvError::Empty) = result
            && !this.waits_for(context.waker())
        {
            this.enlist_task(context.waker().clone());
            result = this.try_recv();
        }
        match result {
            Ok(event) => Poll::Ready(Some(Ok(event))),
            Err(TryRecvError::Lagged(missed)) => Poll::Ready(Some(Err(RecvError::Lagged(missed)))),
            Err(TryRecvError::Disconnected(missed)) => {
                Poll::Ready(Some(Err(RecvError::Disconnected(missed))))
            }
            Err(TryRecvError::Closed) => Poll::Ready(None),
            Err(TryRecvError::Empty) => {
                // Other topics are so busy that it gave up reading past them: nobody owes it a wake-up for those.
                if this.has_more() {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}

impl<P> Subscription<P> {
    /// Will this task be woken for the next event? If so, a registration that was followed by a barrier is still there.
    pub(super) fn waits_for(&self, waker: &Waker) -> bool {
        match &self.reader {
            Reader::Direct(direct) => {
                direct.enlisted.as_ref().is_some_and(|enlisted| enlisted.waits_for(waker))
            }
            Reader::Queued(queued) => queued.outflow().waits_for(waker),
            Reader::Merged(merged) => merged.waits_for(waker),
        }
    }

    /// Has it given up reading past what nobody wants?
    pub(super) fn has_more(&self) -> bool {
        match &self.reader {
            Reader::Direct(direct) => direct.subscriber.is_ready(),
            Reader::Queued(_) => false,
            Reader::Merged(merged) => merged.has_more(),
        }
    }

    /// Registers the task in place of the last one. Another look must follow.
    pub(super) fn enlist_task(&mut self, waker: Waker) {
        let barrier = match &mut self.reader {
            Reader::Direct(direct) => {
                direct.enlisted = Some(direct.subscriber.enlist_task(waker));
                direct.subscriber.barrier()
            }
            Reader::Queued(queued) => queued.outflow().enlist(Bed::Task(waker)),
            Reader::Merged(merged) => return merged.enlist_task(&waker),
        };
        barrier.heavy();
    }
}

/// As [`Subscription`]'s; the values themselves are not cloned.
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
impl<T: Any + Send + Sync> Stream for TypedSubscription<T> {
    type Item = Result<TypedEvent<T>, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.subscription).poll_next(context);
        polled.map(|next| next.map(|result| result.map(TypedEvent::new)))
    }
}
