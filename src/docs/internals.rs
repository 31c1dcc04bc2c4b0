//! How the ring works, and why so.
//!
//! # The words
//!
//! | word | meaning | written by |
//! | --- | --- | --- |
//! | `tail` | next sequence << 1, closed | publishers (claim), close, joiners (no change) |
//! | `stamps[position]` | last released sequence + 1 | the claimer |
//! | `head` | unique ring: everything below is released | the publisher |
//! | `map[position]` | physical slot of the position, and whether it holds a value to drop | the claimer |
//! | cursor | sequence(53), run(8), state(3), and `held` | its reader; publishers move laggards |
//! | spare | a sequence with None, Reserved or Limbo, and a physical slot | publishers |
//!
//! `position = sequence mod slots`; slots is a power of two, at least `capacity + surplus`, where `surplus <= capacity` is how
//! far a publisher may claim without looking at the cursors again. Values, stamps and map are three arrays: polling readers
//! and the search for the first unreleased sequence touch the dense stamps only.
//!
//! # A publish
//!
//! Load `tail`, compare-exchange it one further, look up the slot, move the event in, store the stamp, look for a sleeper, drop
//! the old value. No user code between claim and release; so a panic cannot leave a claimed sequence unreleased, and the time
//! between the two is a few instructions. A handle keeps the first sequence that it may not claim blindly; at that limit it
//! takes the slow path (`ring/room.rs`), which looks at every cursor once per `surplus` events.
//!
//! What goes in need not be a value yet: the bus hands over the parts of an event, which become one in the slot (`ring/fill.rs`), with
//! the sequence that they got. A map entry says whether what the slot holds has anything to drop; if not, it is overwritten without a
//! look at it, because its line is often another core's: a reader has just read the end of the event before.
//!
//! A reader that has acquired a stamp has the event behind it on its thread, whichever of its subscribers looked. A thread keeps the
//! last range of a ring that it has seen released (`ring/sight.rs`), and the next blocking subscriber of that ring goes on from there.
//!
//! # Laggards
//!
//! A laggard pins the run that it reads by one compare-exchange of its cursor; a publisher moves an idle laggard below its floor
//! by the same word, so exactly one of the two wins. A publisher that wants the slot of a held sequence *displaces* it: it
//! reserves a spare slot for its own sequence, claims, and swaps the map entry; the held value stays where it is, in limbo,
//! until nobody holds its sequence. A reservation belongs to a sequence, not to a publisher: one that is paused holds nobody up.
//!
//! A batch claims several sequences at once, but stops before a slot that a laggard holds: the sequence that wants it is
//! claimed alone. Reserving spares for several sequences at once was tried and given up: a claim that then fails leaves
//! reservations for later sequences behind, nobody can tell whether another publisher relies on them, and with few spares the
//! ring stays full although next to nothing is held (found by the differential test).
//!
//! # Disconnect
//!
//! An unmarked cursor is in one of two states of its own (`WatchedIdle`, `WatchedPinned`) and holds the limit at
//! `sequence + capacity`, as a blocking one does. At that limit the publisher does not wait: it takes the watch away, by the
//! same compare-exchange that would fail if the reader had moved. As an unmarked cursor is never moved, the reader knows the
//! mark without being told: its own last place + capacity. From then on it is a laggard that ends at the mark.
//!
//! # Joins
//!
//! Register low, read-modify-write `tail`, start from what that said. Claims are read-modify-writes of the same word, so no
//! fence or epoch is needed. The unique publisher claims without touching `tail`; it does a read-modify-write of it in its
//! slow path, and a joiner whose look comes after that reads a `head` at least as new as the one the limit was made from.
//!
//! Cursors are never removed: a leaver puts its place on a list of free ones, under the lock that joiners take.
//!
//! # Sleeping
//!
//! Register, heavy barrier, look again, sleep; the other side stores, does the light barrier, and looks for registrations. On
//! Linux the heavy side is `membarrier(2)` and the light side costs nothing. Subscribers queue by the sequence they wait for, then
//! first come, first served. A publish wakes the first; a woken subscriber that finds something wakes the next before it works;
//! one that finds nothing ends the chain, because those behind it wait for nothing earlier. (A queue by arrival alone lost a
//! wake-up: a subscriber joins "now", beyond a sequence that is claimed and not yet released, sleeps in front of one that
//! waits for just that, is woken for it, finds nothing, and ends the chain. The thread sanitizer's stress test found it; the
//! model `L10-joiner-beyond-gap` keeps it.) Publishers queue under the cursor that holds them up.
//!
//! # Patterns
//!
//! A bus keeps its patterns in a trie of tokens whose branches are hash array mapped tries (`topic/index.rs`, `topic/hamt.rs`). It
//! is persistent: a join or a leave, one at a time, copies the nodes on the way to its pattern and publishes a new root by an
//! `ArcSwap`; a publisher that has to ask loads the root and takes no lock. Each topic remembers the answer until the number of
//! the change, the generation, moves on. A tree of ordinary hash maps changes in place: readers would need a lock, or each
//! change a copy of it all.
//!
//! # Topics
//!
//! An event in the ring points to its topic's name and counts nothing; the copies that subscribers take and handles count, as an
//! `Arc` does. A publish by name *pins* the name instead, if its thread owns the topic's count: a plain store under the registry's lock, and
//! one without it when it is done (`topic/held.rs`). Giving a count back there waits for the stores of the publish to reach
//! the other cores. The registry of names (`topic/registry.rs`) holds one counted reference itself,
//! and lets it go when two looks have shown that nobody can follow a pointer in the ring any more: the first finds that no
//! other reference is counted and nobody has pinned the name, so that nobody can publish to the topic, and notes the next sequence; the second finds that
//! nobody has asked for the name since and that everything between the sequences at which it came and went idle is out of the
//! readers' reach (`ring/reach.rs`): its slots were claimed for later events, and no pin holds any of it. Overwritten events are
//! dropped without following the pointer. Whoever can read the ring keeps the registry: the bus, its handles, its
//! subscriptions. A sequence noted by each handle as it goes would do without the first look; it would also be one more thing
//! for each way of publishing to remember.
//!
//! A publish counts for its topic in a word that belongs to the first thread that published to it: a comparison of two
//! numbers, a load and a store. Other threads add to a second word.
//!
//! # Queues
//!
//! A queued subscription has a subscriber of its own in the ring, which the dispatcher reads: a cursor per queue, so that a full
//! queue keeps its place while the others go on (`bus/dispatcher.rs`, `bus/queue/feed.rs`). It blocks publishers only where its
//! overflow does; all others read as laggards. An event that found no room is not judged again. A channel carries one event or up
//! to 256 of them at a time; how many events wait is known from counts with one writer each (`bus/queue/pipe.rs`). Queues that
//! evict get their events one by one. The dispatcher sleeps as a subscriber does, and is called as well when a reader has made
//! room in a queue that was waited for, when the list of queues changes, and when the bus is closed.
//!
//! # Lanes
//!
//! A lane is an outlet of its own (`bus/lanes.rs`): ring, registry of names with 64 random bits of its own (so that ids of events
//! differ where their sequences do not), audience, counts and times. A topic's handle leads to its outlet; a publish by name
//! finds it by the patterns of the lanes, in order. Numbers of topics and of subscriptions are the bus's, so that
//! `blocked_by` means the same on each ring. One dispatcher serves all queues; it sleeps on every ring that has one.
//!
//! A subscription reads a lane if what both patterns have in common (again a pattern) does not lie inside that of a lane that is
//! asked before, and the main ring if its own lies inside none. That errs to one side: lanes that have all topics of a pattern
//! only together leave a ring that is read in vain. With one ring it is a plain subscription. With several it is made of
//! plain ones (`bus/merged.rs`), asked in turn, and waits as `wait_any` does; their looks are not paced, because a pause on
//! a quiet ring would hold up the events of a busy one.
//!
//! # Leaving and following
//!
//! A direct subscription goes in through a door before it reads in place and comes out afterwards (`ring/door.rs`); whoever ends it
//! from outside looks whether it is inside, and one of the two sets its cursor free. One that reads behind others looks at their
//! cursors and sleeps as a publisher does that waits for one of them (`ring/leader.rs`).
//!
//! # What was tried and lost
//!
//! Before this code was written, on prototypes (two cores of an AMD EPYC, 64-byte events):
//!
//! - a crossbeam channel per subscriber with inline fan-out of an `Arc`: publish p50 50, 320 and 1,281 ns at 1, 4 and 16
//!   subscribers, against 10 ns for the ring at each;
//! - a publish channel and a dispatcher: 30 ns, but 0.5 to 1.3 ms end to end;
//! - a ring of reference-counted nodes: 130 to 150 ns;
//! - the stamp inside the slot: 22 M events/s, apart: 36 M;
//! - step-over marks instead of displacement: holes in the sequence, and two counting bugs that loom found;
//! - swapping the map before the claim: loses an event when the publisher is late (loom: late swap);
//! - freeing a reservation at the claim instead of the release: two writers of one slot (loom).
//!
//! On this code (two cores of an Intel Xeon at 2.5 GHz, 64-byte events, one publisher and one reader that polls, if nothing
//! else is said; medians of six or seven rounds in million events a second). Each figure is of a build of its own, some minutes
//! from the next, on a machine whose speed changes: the alternatives of one line compare with each other, roughly, and lines
//! do not compare with one another.
//!
//! - passing the event on to the slow ways of publishing: it then stands on the stack, is copied from there by loads that are
//!   wider than the stores that wrote it, and each copy waits until every store to a slot before it has left the store buffer.
//!   Publishing past readers that never read: 3.4 times the rate of tokio in the same run; with slow ways that only claim, in
//!   another run: 6.4 times;
//! - a prefetch for writing 8, 16 or 32 slots ahead: 79, 91 and 91, without it 100;
//! - a prefetch for reading, twelve slots ahead, in two variants: 72 and 71, without it 72, to one reader; 23 and 25, without it
//!   30, to sixteen; one of them raised batches of the unique publisher from 181 to 230;
//! - readers that have caught up and look again at once: 15; after at most 30 pause instructions 51, 100: 71 to 100, 200: 82,
//!   400: 91;
//! - aiming at 64, 128 or 256 events a look: 98, 86 and 100 to one reader, 83, 81 and 56 to four (with other pauses and another
//!   stride than today's);
//! - a batch of the unique publisher by way of the map, event by event: 120, straight into the slots: 175;
//! - copying a chunk of a shared batch word by word, for loads that the store buffer can answer: 34, without 38;
//! - capacity 768 in 1,024 slots against 1,024 in 2,048: 68 and 77, within the noise;
//! - laggards that note the slot of each event they pin: 3.4 times the rate of tokio for 16 of them that keep up; straight slots
//!   while nothing was ever displaced, in another run: 8.9 times;
//! - a publisher that waits and looks at every cursor: the readers' lines are taken away from them; it looks at the one in its way.
//!
//! Later, on two cores of an Intel Xeon at 2.6 GHz; each line is one program, run with different settings one
//! after the other:
//!
//! - waiters of `Wait::Park` that spin 64 rounds and then sleep: 9.1, 5.0 and 1.3 M events/s to 2, 4 and 16 blocking receivers,
//!   each on a thread; with 8 yields before the sleep, of subscribers and publishers, 22.9, 16.8 and 8.1; with yields of one side
//!   alone, between 0.8 and 9.9 (the other side's `membarrier` interrupts both);
//! - readers that poll without a pause while events are rare: 64 ns p50 for a publish call to one reader and 188 ns end to end;
//!   with 4, 8, 16 and 32 pauses 30, 16, 14 and 14 ns, and 141, 125, 139 and 220 ns;
//! - at most 100, 200, 300 or 500 pauses of readers that have caught up: two shared publishers 17.6, 21.0, 21.2 and 21.1;
//!   shared batches 62.9, 61.7, 55.3 and 54.9;
//! - shared batches by way of the map, event by event: 104 instructions an event; straight into the slots: 75; with a
//!   prefetch for writing before the iterator runs 42 M events/s, without 63. Their publisher is busy all the time with
//!   the chunk, the copy, the claim and the stamps, none of them more than a quarter: an iterator that may panic cannot run
//!   inside a claim, so the copy stays.
//!
//! The index of patterns, on two busy cores of an Intel Xeon: look-ups of all patterns that match a topic; how many times as
//! long mqtt-topic-engine took in the same run (`benches/compare`, program `topics`; the index as it is:
//! `records/topic-index-2026-11-21-a480db78b9.md`):
//!
//! - the texts of tokens in allocations of their own: 1.13 at 100,000 patterns, short ones in their node: 1.25 (one cache miss
//!   less for each node), no difference at 1,000;
//! - a hash of the token at each node that looks for it: 1.39 at 1,000 patterns, once for each token: 1.54, no difference at
//!   100,000;
//! - the fields of a node in the order in which they are looked at: no faster.
//!
//! A publish through a topic's handle, coarse clock, 64-byte payloads, 2 us apart, two quiet cores of an Intel Xeon, median of the single
//! call with the 19 ns that two readings of the clock take, beside a thread that polls one subscriber and then without one (the bare
//! ring with a reading of the clock: 33 and 33 ns):
//!
//! - the event put together on the stack, moved through six layers and into the slot: 363 instructions, some 60 ns without a reader;
//!   its parts handed over only after the claim: 214 instructions, 92 and 37 ns;
//! - without a look at the event that is overwritten, which shares a line with the end of the one before it: 37 and 37 ns;
//! - by name, counting the topic: 164 and 81 ns, pinning it: 71 and 71 ns;
//! - the precise clock by way of `SystemTime`: 15 ns more than the reading itself, in one word from the system call: 5.
//!
//! Direct subscriptions with different patterns that one thread polls, 1, 4 and 16 of them, M events/s: 24, 17 and 7.5; one pause a
//! round instead of one for each: 27, 22 and 8.9; stamps not loaded again by the next subscriber: 27, 21 and 11.5. Counting passed
//! events together instead of each by itself: no difference by itself.
//!
//! On the bus, through a topic's handle, nobody reading, 8-byte payloads, two cores of a shared machine, nanoseconds a publish,
//! medians of 15 rounds of two million, of one to three runs each:
//!
//! - events that count their topic as an `Arc` does: 71 and 72; that count nothing: 50 to 52;
//! - a topic's count by one read-modify-write: 55 and 56, where it is 50 to 51 without counts; by the owner's load and store:
//!   50 to 52, where it is 50 to 52 (three instructions). Threads other than the owner pay for the read-modify-write;
//! - copies for queues, four queued subscriptions, 16 million deliveries, processor time of all threads while the machine was busy:
//!   each with its topic counted: 1.8 and 2.3 s; topics counted once for the up to 32 copies that go together: 1.0 and 1.3 s;
//! - the dispatcher's looks at the ring paced for each queue by itself, and 32 events to a chunk: four queues 3.7 and 3.8 M events/s,
//!   16 queues 1.0 and 1.1; paced once a round and chunks of 256: 5.8 and 6.1, 2.1 and 2.1 (two runs in turn; 64-byte events, a thread
//!   each, lossless);
//! - publishers that fill 16 queues: a reader that waits by a selection and takes the item then: 0.3 M events/s; that takes the
//!   item as it comes: 0.7 to 0.8;
//! - sweeps when names have doubled: topics leave at the second look, so as many as a sweep once left came back at each one;
//!   after a pin of some milliseconds had kept 9,000 names there were never fewer. With half as many more, 600.
