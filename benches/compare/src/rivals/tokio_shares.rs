//! tokio's broadcast channel with receivers that want some topics: each receives everything and looks at the topic then.
//!
//! The topic is a number inside the event and the filter a test of one bit: less than names and patterns would cost.

use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::broadcast::{Receiver, Sender};

use super::tokio::Tokio;
use super::{Polled, Racer, Rx, Setup, Shares};
use crate::event::{Event, Load};
use crate::share::{self, Share};

/// The racer.
pub(crate) struct TokioShares;

/// A receiver, the topics it wants, and how many events it has read past or handed out.
pub(crate) struct Filtering {
    receiver: Receiver<Event>,
    share: Share,
    passed: u64,
}

impl Racer<Event> for TokioShares {
    type Tx = Sender<Event>;
    type Rx = Filtering;
    const GATED: bool = true;

    fn build(setup: &Setup) -> (Vec<Sender<Event>>, Vec<Filtering>) {
        let (txs, receivers) = Tokio::build(setup);
        let filtering = |(at, receiver)| Filtering { receiver, share: share::pattern(at).1, passed: 0 };
        (txs, receivers.into_iter().enumerate().map(filtering).collect())
    }
}

impl Rx<Event> for Filtering {
    #[inline]
    fn poll(&mut self, max: usize, mut read: impl FnMut(&Event)) -> Polled {
        let mut polled = Polled::default();
        for _ in 0..max {
            match self.receiver.try_recv() {
                Ok(event) => {
                    self.passed += 1;
                    if self.share.has(event.number()) {
                        read(&event);
                        polled.got += 1;
                    }
                }
                Err(TryRecvError::Lagged(lost)) => {
                    self.passed += lost;
                    polled.lost += lost;
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => {
                    polled.closed = true;
                    break;
                }
            }
        }
        polled
    }
}

impl Shares for Filtering {
    #[inline]
    fn passed(&self) -> u64 {
        self.passed
    }
}
