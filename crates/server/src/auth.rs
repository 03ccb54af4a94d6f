//! Who asks: a token in the head of the request, looked up before anything else is read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use chrono::{DateTime, FixedOffset};
use rollcall_core::camera_name::CameraName;
use rollcall_core::token::{Permit, Scope};
use rollcall_store::{Store, StoreError, TokenBook, TokenRow};

use crate::house::{House, Peer};
use crate::problem::Problem;

/// A token that was revoked is good for so much longer at most.
const LOOK_FOR_CHANGES: Duration = Duration::from_secs(1);

/// The tokens, read again when the records have changed.
pub(crate) struct Tokens {
    data_dir: PathBuf,
    known: Mutex<Known>,
}

struct Known {
    /// None while the records cannot be read: then nobody is let in.
    store: Option<Store>,
    book: TokenBook,
    looked_at: Instant,
}

impl Tokens {
    pub(crate) fn read(data_dir: &Path) -> Result<Self, StoreError> {
        let (store, book) = open(data_dir)?;
        Ok(Self {
            data_dir: data_dir.to_owned(),
            known: Mutex::new(Known {
                store: Some(store),
                book,
                looked_at: Instant::now(),
            }),
        })
    }

    /// The token that was shown, if it is valid.
    pub(crate) fn find(&self, shown: &str, now: &DateTime<FixedOffset>) -> Option<TokenRow> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked_at.elapsed() >= LOOK_FOR_CHANGES {
            known.look_again(&self.data_dir);
        }
        let found = known.book.find(shown, now).cloned();
        if found.is_some() || known.store.is_none() {
            return found;
        }
        // One that was made a moment ago is good at once. To ask whether anything has changed
        // costs next to nothing, so that wrong tokens cannot make it dear.
        known.look_again(&self.data_dir);
        known.book.find(shown, now).cloned()
    }
}

impl Known {
    fn look_again(&mut self, data_dir: &Path) {
        self.looked_at = Instant::now();
        if let Err(error) = self.look(data_dir) {
            tracing::warn!(%error, "nobody with a token is let in");
            self.store = None;
            self.book = TokenBook::default();
        }
    }

    fn look(&mut self, data_dir: &Path) -> Result<(), StoreError> {
        if let Some(store) = &mut self.store {
            if store.changed_elsewhere()? {
                self.book = store.token_book()?;
            }
        } else {
            let (store, book) = open(data_dir)?;
            self.store = Some(store);
            self.book = book;
        }
        Ok(())
    }
}

fn open(data_dir: &Path) -> Result<(Store, TokenBook), StoreError> {
    let mut store = Store::open_read_only(data_dir)?;
    // From here on changes are noticed.
    store.changed_elsewhere()?;
    let book = store.token_book()?;
    Ok((store, book))
}

/// Whoever has shown a valid token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    name: String,
    permit: Permit,
    peer: Peer,
}

impl Caller {
    /// The name for the audit trail: of the token, and where it was shown.
    pub(crate) fn signature(&self) -> String {
        format!("{} ({})", self.name, self.peer.0)
    }

    /// Goes on if the token is good for this.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.permit.allows(scope) {
            return Ok(());
        }
        Err(forbidden(format!(
            "this token has no scope {scope:?}; make one with `rollcall token create`",
            scope = scope.word()
        )))
    }

    /// Goes on if the token is good for pictures of this camera.
    pub(crate) fn needs_camera(&self, camera: &CameraName) -> Result<(), Problem> {
        self.needs(Scope::Frames)?;
        if self.permit.allows_camera(camera) {
            return Ok(());
        }
        Err(forbidden(format!(
            "this token is for another camera than {camera}"
        )))
    }
}

fn forbidden(detail: String) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).ending_the_connection()
}

impl FromRequestParts<Arc<House>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &Arc<House>) -> Result<Self, Problem> {
        let unknown = |detail| {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorised", detail).ending_the_connection()
        };
        let shown = bearer(parts)
            .ok_or_else(|| unknown("a token is needed: `Authorization: Bearer TOKEN`"))?;
        let peer = peer_of(parts);
        let now = house.frames.now().wall;
        let Some(row) = house.tokens.find(shown, &now) else {
            tracing::warn!(address = %peer.0, "a token that is not valid was shown");
            return Err(unknown(
                "this token is not valid; it may be revoked or over",
            ));
        };
        Ok(Self {
            name: row.name,
            permit: row.permit,
            peer,
        })
    }
}

pub(crate) fn peer_of(parts: &Parts) -> Peer {
    let peer = parts.extensions.get::<Peer>().copied();
    // The door puts it there; nobody is trusted without.
    peer.unwrap_or(Peer(std::net::Ipv4Addr::UNSPECIFIED.into()))
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
