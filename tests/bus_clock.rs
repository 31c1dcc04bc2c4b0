//! Events have the time of their bus's clock, as exactly as that clock says.

use eventcast::{Bus, Clock, Start};
use std::time::{Duration, SystemTime};

#[test]
fn a_coarse_time_is_at_most_its_resolution_behind() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    // A tick that comes late on a busy machine makes the time older than it says.
    let behind = Clock::Coarse.resolution().unwrap_or_default() + Duration::from_millis(100);
    for n in 0..100 {
        let before = SystemTime::now();
        bus.publish("tick", n).unwrap();
        let time = sub.recv().unwrap().timestamp();
        assert!(time + behind >= before, "{:?} behind", before.duration_since(time));
        assert!(time <= SystemTime::now());
    }
}

#[test]
fn a_precise_time_lies_between_before_and_after() {
    let bus = Bus::<u32>::builder().clock(Clock::Precise).build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    for n in 0..100 {
        let before = SystemTime::now();
        bus.publish("tick", n).unwrap();
        let time = sub.recv().unwrap().timestamp();
        assert!(before <= time && time <= SystemTime::now());
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the system does not say")]
#[cfg_attr(miri, ignore = "there is one clock under Miri")]
fn the_system_says_how_fine_its_clocks_are() {
    let [coarse, precise] = [Clock::Coarse, Clock::Precise].map(|clock| clock.resolution().unwrap());
    assert!(Duration::ZERO < precise && precise <= coarse, "{precise:?} and {coarse:?}");
    // A tick of the kernel: 100 to 1,000 in a second.
    assert!((1..=10).contains(&coarse.as_millis()), "{coarse:?}");
}

#[test]
fn starts_by_time_go_by_the_same_clock() {
    for clock in [Clock::Coarse, Clock::Precise] {
        let bus = Bus::<u32>::builder().clock(clock).build().unwrap();
        bus.publish("tick", 1).unwrap();
        // Until the clock has moved on.
        let first = bus.now();
        while bus.now() == first {
            std::hint::spin_loop();
        }
        let time = bus.now();
        bus.publish("tick", 2).unwrap();
        let mut sub = bus.subscription(">").start(Start::Time(time)).subscribe().unwrap();
        assert_eq!(*sub.try_recv().unwrap().payload(), 2, "{clock:?}");
    }
}
