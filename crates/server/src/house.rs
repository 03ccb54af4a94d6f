//! What all requests share.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use rollcall_protocol::{Client, FrameDoor, Guest, Host};
use tokio::sync::Semaphore;

use crate::auth::Tokens;
use crate::guests::Guests;
use crate::pace::Paces;
use crate::words::Words;
use crate::{ServerError, Settings};

/// Pictures that are decoded at a time: the recogniser is to have the machine.
const DECODING: usize = 2;

/// Commands of all requests that may wait for the station at a time.
const ASKING: usize = 4;

/// Those who may follow the events at a time.
const STREAMS: usize = 32;

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What all requests share.
pub(crate) struct House {
    pub(crate) settings: Settings,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) frames: Arc<dyn FrameDoor>,
    pub(crate) tokens: Tokens,
    pub(crate) paces: Paces,
    pub(crate) decoding: Semaphore,
    pub(crate) asking: Semaphore,
    /// Those who follow the events.
    pub(crate) streams: Arc<Semaphore>,
    /// A front end that looks and does nothing.
    pub(crate) watcher: Mutex<Client>,
    pub(crate) words: Words,
    pub(crate) guests: Guests,
}

impl House {
    pub(crate) fn new(
        settings: Settings,
        (host, frames): (Arc<dyn Host>, Arc<dyn FrameDoor>),
        guests: Guests,
    ) -> Result<Self, ServerError> {
        Ok(Self {
            tokens: Tokens::read(&settings.data_dir)?,
            paces: Paces::new(settings.frames_per_second),
            words: Words::of(&settings.language),
            settings,
            streams: Arc::new(Semaphore::new(STREAMS)),
            watcher: Mutex::new(host.join(Guest {
                operator: "server".to_owned(),
                watches_only: true,
                peer: None,
            })),
            host,
            frames,
            decoding: Semaphore::new(DECODING),
            asking: Semaphore::new(ASKING),
            guests,
        })
    }
}
