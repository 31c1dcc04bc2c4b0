//! Taking part in a crossbeam-channel `select!`.

use super::sleep::Ticket;
use super::subscriber::Subscriber;
use crossbeam_channel::{Receiver, Sender, bounded};

/// A bell of one stroke, and its registration among the sleepers while it is armed.
pub(super) struct Doorbell {
    rope: Sender<()>,
    bell: Receiver<()>,
    armed: Option<Ticket>,
}

impl<T> Subscriber<T> {
    /// A receiver that gets one message as soon as there is something to read or to report: at once if there is now, else
    /// with the next event or the close. It rings once; call `arm` again after it has.
    ///
    /// Use: `try_recv`, and on `Empty` arm, `try_recv` again, `select!`. What the message means is only "look now".
    ///
    /// # Examples
    /// ```
    /// let (publisher, mut subscriber) = eventcast::ring::channel::<u32>(4);
    /// let bell = subscriber.arm().clone();
    /// publisher.publish(1).unwrap();
    /// crossbeam_channel::select! {
    ///     recv(bell) -> _ => assert_eq!(subscriber.try_recv(), Ok(1)),
    /// }
    /// ```
    pub fn arm(&mut self) -> &Receiver<()> {
        self.settle();
        self.disarm();
        let mut doorbell = self.bell.take().unwrap_or_else(|| {
            let (rope, bell) = bounded(1);
            Doorbell { rope, bell, armed: None }
        });
        // A stroke of an earlier arming would ring for nothing.
        let _ = doorbell.bell.try_recv();
        let core = self.core();
        let ticket = core.sleepers.register_doorbell(self.wanted(), doorbell.rope.clone());
        core.barrier.heavy();
        if !self.is_ready() {
            doorbell.armed = Some(ticket);
        } else if self.core().sleepers.cancel(ticket) {
            let _ = doorbell.rope.try_send(());
        }
        &self.bell.insert(doorbell).bell
    }

    /// Takes the registration back. A waker that took it first has rung and gone on to the next sleeper, so nothing is owed.
    pub(super) fn disarm(&mut self) {
        if let Some(ticket) = self.bell.as_mut().and_then(|bell| bell.armed.take()) {
            self.core().sleepers.cancel(ticket);
        }
    }
}
