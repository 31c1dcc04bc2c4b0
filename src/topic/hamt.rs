//! A persistent hash trie: a change copies the way to what it changes and shares the rest with the trie of before.
//!
//! Five bits of the hash choose among up to 32 slots of a branch, the next five among those of the branch below (Bagwell, "Ideal
//! hash trees", 2001). A branch keeps only the slots that are taken, so a change copies at most 32 slots a level, however many
//! items there are. A single item lies where the trie itself is and costs no allocation.

use crate::sync::PlainArc as Arc;
use std::ops::ControlFlow;

/// Bits of the hash per level.
const BITS: u32 = 5;

/// A set of items. Who asks for one brings its hash and says which of those that have it is meant.
#[derive(Clone)]
pub(super) struct Hamt<T>(Option<Slot<T>>);

#[derive(Clone)]
enum Slot<T> {
    Item(u64, T),
    /// Two or more items of one hash.
    Same(Arc<[(u64, T)]>),
    /// Two or more slots, or one that is a branch.
    Branch(Branch<T>),
}

#[derive(Clone)]
struct Branch<T> {
    /// Which of the 32 slots are there.
    taken: u32,
    slots: Arc<[Slot<T>]>,
}

impl<T> Default for Hamt<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Hamt<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    #[inline]
    pub(super) fn get(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<&T> {
        let mut slot = self.0.as_ref()?;
        let mut bits = hash;
        loop {
            match slot {
                Slot::Item(other, item) => return (*other == hash && is(item)).then_some(item),
                Slot::Same(items) => {
                    return items
                        .iter()
                        .find(|(other, item)| *other == hash && is(item))
                        .map(|(_, item)| item);
                }
                Slot::Branch(branch) => slot = branch.get(bits)?,
            }
            bits >>= BITS;
        }
    }

    /// With this item, in place of the one that is meant if there is one.
    pub(super) fn with(&self, hash: u64, item: T, is: impl Fn(&T) -> bool) -> Self {
        Self(Some(match &self.0 {
            None => Slot::Item(hash, item),
            Some(slot) => slot.with(0, hash, item, &is),
        }))
    }

    /// Without the item that is meant.
    pub(super) fn without(&self, hash: u64, is: impl Fn(&T) -> bool) -> Self {
        Self(self.0.as_ref().and_then(|slot| slot.without(0, hash, &is)))
    }

    /// Every item, in no order that means anything, until `f` breaks.
    pub(super) fn try_for_each(&self, f: &mut impl FnMut(&T) -> ControlFlow<()>) -> ControlFlow<()> {
        self.0.as_ref().map_or(ControlFlow::Continue(()), |slot| slot.try_for_each(f))
    }
}

impl<T: Clone> Slot<T> {
    /// The hash of all items here; a branch has many.
    fn hash(&self) -> Option<u64> {
        match self {
            Self::Item(hash, _) => Some(*hash),
            Self::Same(items) => items.first().map(|(hash, _)| *hash),
            Self::Branch(_) => None,
        }
    }

    fn with(&self, level: u32, hash: u64, item: T, is: &impl Fn(&T) -> bool) -> Self {
        match self {
            Self::Branch(branch) => Self::Branch(branch.with(level, hash, item, is)),
            Self::Item(other, old) if *other == hash => {
                if is(old) {
                    Self::Item(hash, item)
                } else {
                    Self::Same([(hash, old.clone()), (hash, item)].into())
                }
            }
            Self::Same(items) if self.hash() == Some(hash) => {
                let others = items.iter().filter(|(_, old)| !is(old)).cloned();
                Self::Same(others.chain([(hash, item)]).collect())
            }
            Self::Item(other, _) => Self::apart(level, *other, self.clone(), hash, Self::Item(hash, item)),
            Self::Same(items) => Self::apart(level, items[0].0, self.clone(), hash, Self::Item(hash, item)),
        }
    }

    /// Two slots of different hashes, as far down as their hashes agree.
    fn apart(level: u32, hash_a: u64, a: Self, hash_b: u64, b: Self) -> Self {
        let (at_a, at_b) = (place(level, hash_a), place(level, hash_b));
        let slots: Arc<[Self]> = match at_a.cmp(&at_b) {
            std::cmp::Ordering::Less => [a, b].into(),
            std::cmp::Ordering::Greater => [b, a].into(),
            std::cmp::Ordering::Equal => [Self::apart(level + 1, hash_a, a, hash_b, b)].into(),
        };
        Self::Branch(Branch { taken: 1 << at_a | 1 << at_b, slots })
    }

    /// `None` when nothing is left.
    fn without(&self, level: u32, hash: u64, is: &impl Fn(&T) -> bool) -> Option<Self> {
        match self {
            Self::Branch(branch) => branch.without(level, hash, is),
            Self::Item(other, item) => (*other != hash || !is(item)).then(|| self.clone()),
            Self::Same(items) => {
                let left: Vec<_> =
                    items.iter().filter(|(other, item)| *other != hash || !is(item)).cloned().collect();
                match <[_; 1]>::try_from(left) {
                    Ok([(hash, item)]) => Some(Self::Item(hash, item)),
                    Err(left) => Some(Self::Same(left.into())),
                }
            }
        }
    }

    fn try_for_each(&self, f: &mut impl FnMut(&T) -> ControlFlow<()>) -> ControlFlow<()> {
        match self {
            Self::Item(_, item) => f(item),
            Self::Same(items) => items.iter().try_for_each(|(_, item)| f(item)),
            Self::Branch(branch) => branch.slots.iter().try_for_each(|slot| slot.try_for_each(f)),
        }
    }
}

impl<T: Clone> Branch<T> {
    /// The slot that the lowest bits choose.
    #[inline]
    fn get(&self, bits: u64) -> Option<&Slot<T>> {
        let place = place(0, bits);
        (self.taken >> place & 1 == 1).then(|| &self.slots[self.index(place)])
    }

    /// How many slots lie before this place.
    #[inline]
    fn index(&self, place: u32) -> usize {
        (self.taken & ((1 << place) - 1)).count_ones() as usize
    }

    fn with(&self, level: u32, hash: u64, item: T, is: &impl Fn(&T) -> bool) -> Self {
        let place = place(level, hash);
        let index = self.index(place);
        let (before, after) = self.slots.split_at(index);
        if self.taken >> place & 1 == 0 {
            let slots = before.iter().cloned().chain([Slot::Item(hash, item)]).chain(after.iter().cloned());
            Self { taken: self.taken | 1 << place, slots: slots.collect() }
        } else {
            self.replaced(index, self.slots[index].with(level + 1, hash, item, is))
        }
    }

    fn replaced(&self, index: usize, slot: Slot<T>) -> Self {
        let (before, after) = (&self.slots[..index], &self.slots[index + 1..]);
        let slots = before.iter().cloned().chain([slot]).chain(after.iter().cloned());
        Self { taken: self.taken, slots: slots.collect() }
    }

    fn without(&self, level: u32, hash: u64, is: &impl Fn(&T) -> bool) -> Option<Slot<T>> {
        let place = place(level, hash);
        if self.taken >> place & 1 == 0 {
            return Some(Slot::Branch(self.clone()));
        }
        let index = self.index(place);
        let (before, after) = (&self.slots[..index], &self.slots[index + 1..]);
        match (self.slots[index].without(level + 1, hash, is), before, after) {
            (None, [], []) => None,
            // What is left alone moves up; a branch stays where its level is.
            (Some(slot @ (Slot::Item(..) | Slot::Same(_))), [], []) => Some(slot),
            (None, [slot @ (Slot::Item(..) | Slot::Same(_))], [])
            | (None, [], [slot @ (Slot::Item(..) | Slot::Same(_))]) => Some(slot.clone()),
            (Some(slot), ..) => Some(Slot::Branch(self.replaced(index, slot))),
            (None, ..) => {
                let slots = before.iter().chain(after).cloned().collect();
                Some(Slot::Branch(Self { taken: self.taken & !(1 << place), slots }))
            }
        }
    }
}

/// Which of 32 slots a hash chooses at this level.
#[inline]
fn place(level: u32, hash: u64) -> u32 {
    (hash >> (level * BITS)) as u32 & 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Hashes that differ in few bits, high ones among them, or not at all.
    fn hash(key: u32) -> u64 {
        u64::from(key & 3) | u64::from(key >> 2 & 3) << 34 | u64::from(key >> 4 & 3) << 60
    }

    fn items(trie: &Hamt<(u32, u32)>) -> BTreeMap<u32, u32> {
        let mut items = BTreeMap::new();
        let _ = trie.try_for_each(&mut |&(key, value)| {
            assert_eq!(items.insert(key, value), None, "{key} is there twice");
            ControlFlow::Continue(())
        });
        items
    }

    #[test]
    fn agrees_with_a_map_and_leaves_older_versions_alone() {
        const CHANGES: u32 = if cfg!(miri) { 300 } else { 20_000 };
        let (mut trie, mut map) = (Hamt::default(), BTreeMap::new());
        let mut kept = Vec::new();
        let mut state = 1_u32;
        for change in 0..CHANGES {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // 256 keys of 64 hashes.
            let key = state >> 24;
            let is = |item: &(u32, u32)| item.0 == key;
            if state >> 8 & 1 == 0 {
                trie = trie.with(hash(key), (key, change), is);
                map.insert(key, change);
            } else {
                trie = trie.without(hash(key), is);
                map.remove(&key);
            }
            assert_eq!(trie.get(hash(key), is).map(|item| item.1), map.get(&key).copied());
            assert_eq!(trie.is_empty(), map.is_empty());
            if change % 100 == 0 {
                kept.push((trie.clone(), map.clone()));
            }
        }
        for (trie, map) in kept {
            assert_eq!(items(&trie), map);
        }
        for &key in map.keys() {
            trie = trie.without(hash(key), |item| item.0 == key);
        }
        assert!(trie.is_empty());
    }

    #[test]
    fn one_item_left_lies_in_the_trie_itself() {
        let all = (0..64).fold(Hamt::default(), |trie, key| trie.with(hash(key), key, |&old| old == key));
        let one = (1..64).fold(all, |trie, key| trie.without(hash(key), |&old| old == key));
        assert!(matches!(one.0, Some(Slot::Item(_, 0))));
    }

    #[test]
    fn a_walk_ends_where_it_is_told_to() {
        let trie = (0..64).fold(Hamt::default(), |trie, key| trie.with(hash(key), key, |&old| old == key));
        let mut seen = 0;
        let ended = trie.try_for_each(&mut |_| {
            seen += 1;
            if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((ended, seen), (ControlFlow::Break(()), 10));
    }
}
