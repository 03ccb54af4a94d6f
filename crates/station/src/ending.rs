//! The end of a station: for good, or before it is started again.
//!
//! Invariant: what was decided is written before the threads are gone, or it is said what was not.

use std::time::Duration;

use anyhow::Result;

use rollcall_core::event::Event;
use rollcall_core::notice::Log;

use crate::LAST_RECEIPTS;
use crate::Runtime;
use crate::unwritten::report_unwritten;

/// How long a camera may take to let go before it is left behind.
const CAMERA_GRACE: Duration = Duration::from_millis(1500);

/// How long one look at the receipts lasts at the end.
const RECEIPT_GLANCE: Duration = Duration::from_millis(10);

impl Runtime {
    /// Ends all workers; everything decided is written before this returns. What was logged is
    /// given back.
    pub(crate) fn finish(mut self) -> (Log, Result<()>) {
        self.stop.request();
        self.reports = crossbeam_channel::never();
        // Receipts may lead to further punches, of people who came twice.
        let patience_ends = self.now().monotonic + LAST_RECEIPTS;
        while self.station.unconfirmed() > 0
            && self.now().monotonic < patience_ends
            && self.store.flush()
        {
            if let Ok(receipt) = self.receipts.recv_timeout(RECEIPT_GLANCE) {
                self.take_in(Event::Receipt(receipt));
            }
        }
        let Self {
            mut station,
            clock,
            camera,
            recogniser,
            receipts,
            store,
            keeper,
            announcer,
            ..
        } = self;
        camera.finish(CAMERA_GRACE);
        // It looks at the flag between two frames, and is never blocked in a driver.
        if recogniser.join().is_err() {
            tracing::error!("the recogniser's thread panicked");
        }
        let mut take = |receipt| {
            station.handle(Event::Receipt(receipt), &clock.now());
        };
        store.finish_while(|| {
            if let Ok(receipt) = receipts.recv_timeout(RECEIPT_GLANCE) {
                take(receipt);
            }
        });
        receipts.try_iter().for_each(take);
        keeper.finish();
        if let Some(announcer) = announcer {
            announcer.finish();
        }
        (station.log().clone(), report_unwritten(&station))
    }
}

/// The error of a run, and of what could not be written at its end.
///
/// # Errors
/// If either has failed; what was lost stands before why.
pub fn both(run: Result<()>, finish: Result<()>) -> Result<()> {
    match (finish, run) {
        (Err(lost), Err(error)) => Err(lost.context(format!("{error:#}"))),
        (finish, run) => run.and(finish),
    }
}
