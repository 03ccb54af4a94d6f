//! Who is connected. Where every place is taken, a newcomer gets that of whoever has been idle
//! for longest, of the address that has most: a thousand connections that say nothing keep
//! nobody out who has something to say.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;
use tokio::time::Instant;

/// The connections of one server; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Guests {
    most: usize,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    last: u64,
    connected: HashMap<u64, Guest>,
}

#[derive(Debug)]
struct Guest {
    address: IpAddr,
    activity: Activity,
    task: Option<AbortHandle>,
}

/// What a connection does.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    /// Requests that are being answered.
    busy: Arc<AtomicUsize>,
    latest: Arc<Mutex<Instant>>,
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    guests: Guests,
    pub(crate) activity: Activity,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(crate) struct Busy(Activity);

impl Activity {
    fn new() -> Self {
        Self {
            busy: Arc::default(),
            latest: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Says that a request is being answered.
    pub(crate) fn begin(&self) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    fn is_idle(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    fn latest(&self) -> Instant {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = Instant::now();
    }
}

impl Guests {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            shared: Arc::default(),
        }
    }

    /// A place for one more, if need be that of an idle one; none if all are busy.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let mut shared = self.lock();
        if shared.connected.len() >= self.most && !shared.make_room() {
            return None;
        }
        shared.last += 1;
        let number = shared.last;
        let activity = Activity::new();
        let guest = Guest {
            address,
            activity: activity.clone(),
            task: None,
        };
        shared.connected.insert(number, guest);
        Some(Place {
            number,
            guests: self.clone(),
            activity,
        })
    }

    /// Which task serves a place, so that it can be ended.
    pub(crate) fn seated(&self, number: u64, task: AbortHandle) {
        match self.lock().connected.get_mut(&number) {
            Some(guest) => guest.task = Some(task),
            // Its place was given away already.
            None => task.abort(),
        }
    }

    /// How many are being answered.
    pub(crate) fn busy(&self) -> usize {
        let shared = self.lock();
        let busy = shared.connected.values();
        busy.filter(|guest| !guest.activity.is_idle()).count()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().connected.len()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn make_room(&mut self) -> bool {
        let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
        for guest in self.connected.values() {
            *of_address.entry(guest.address).or_default() += 1;
        }
        let idle = self.connected.iter();
        let idle = idle.filter(|(_, guest)| guest.activity.is_idle());
        let chosen = idle.max_by_key(|(_, guest)| {
            let crowd = of_address.get(&guest.address).copied().unwrap_or_default();
            (crowd, std::cmp::Reverse(guest.activity.latest()))
        });
        let Some(number) = chosen.map(|(number, _)| *number) else {
            return false;
        };
        if let Some(Guest {
            task: Some(task), ..
        }) = self.connected.remove(&number)
        {
            task.abort();
        }
        true
    }
}

impl Place {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.guests.lock().connected.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test(start_paused = true)]
    async fn the_idlest_of_the_crowd_gives_its_place_and_no_busy_one_does() {
        let guests = Guests::new(3);
        let crowd: Vec<Place> = (0..2).map(|_| guests.enter(address(1)).unwrap()).collect();
        tokio::time::advance(Duration::from_secs(1)).await;
        let lone = guests.enter(address(2)).unwrap();
        let busy = crowd[0].activity.begin();
        let task = tokio::spawn(std::future::pending::<()>());
        guests.seated(crowd[1].number(), task.abort_handle());
        let newcomer = guests.enter(address(3)).unwrap();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(guests.count(), 3);
        let others = [lone.activity.begin(), newcomer.activity.begin()];
        assert!(guests.enter(address(4)).is_none(), "all are busy");
        drop((busy, others));
        assert!(guests.enter(address(4)).is_some());
    }

    #[tokio::test]
    async fn a_place_is_free_when_its_guest_is_gone() {
        let guests = Guests::new(1);
        let place = guests.enter(address(1)).unwrap();
        assert_eq!(guests.count(), 1);
        drop(place);
        assert_eq!(guests.count(), 0);
    }
}
