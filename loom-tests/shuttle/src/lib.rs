//! Random schedules of programs that loom cannot finish: more threads, more events, every kind of waiting.
//!
//! Shuttle runs one thread at a time and picks who goes next at every access of an atomic or a lock; a schedule in which
//! everybody sleeps is a failure, so a lost wake-up cannot hide. Each program runs under uniformly random schedules and under
//! PCT (few, well-placed preemptions). `EVENTCAST_SHUTTLE_ITERATIONS` says how many of each.
//!
//! ```sh
//! RUSTFLAGS="--cfg eventcast_shuttle" cargo test --release
//! ```

#[cfg(test)]
mod programs;

#[cfg(test)]
mod schedules {
    use crate::programs;
    use shuttle::scheduler::{PctScheduler, RandomScheduler};
    use shuttle::{Config, Runner};

    /// Preemptions that PCT places in a schedule.
    const DEPTH: usize = 3;

    fn check(name: &str, program: fn()) {
        let iterations = std::env::var("EVENTCAST_SHUTTLE_ITERATIONS")
            .map_or(10_000, |text| text.parse().expect("EVENTCAST_SHUTTLE_ITERATIONS is not a number"));
        let config = || {
            let mut config = Config::new();
            config.max_steps = shuttle::MaxSteps::FailAfter(200_000);
            config
        };
        let random = Runner::new(RandomScheduler::new(iterations), config()).run(program);
        let placed = Runner::new(PctScheduler::new(DEPTH, iterations), config()).run(program);
        println!("COUNT {name}: {random} random schedules, {placed} with {DEPTH} placed preemptions");
        assert_eq!((random, placed), (iterations, iterations));
    }

    macro_rules! programs {
        ($($name:ident),*) => {$(
            #[test]
            fn $name() {
                check(stringify!($name), programs::$name);
            }
        )*};
    }

    programs!(
        mixed_policies,
        joiners_and_gaps,
        churn,
        close_with_waiters,
        unique_batches,
        bells_and_time_outs
    );
}
