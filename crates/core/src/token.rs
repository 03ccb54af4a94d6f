//! What a token lets somebody do who comes over the network.

use std::fmt;
use std::str::FromStr;

use super::camera_name::CameraName;

/// One thing that a token may be good for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Send pictures of a camera.
    Frames,
    /// Read everything but face vectors.
    Read,
    /// Change people and attendance.
    Write,
    /// Read face vectors.
    Templates,
    /// Change settings; everything else, too.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Frames,
        Self::Read,
        Self::Write,
        Self::Templates,
        Self::Admin,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Read => "read",
            Self::Write => "write",
            Self::Templates => "templates",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope: they are frames, read, write, templates and admin")]
pub struct NoScope(String);

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|scope| scope.word() == text)
            .ok_or_else(|| NoScope(text.to_owned()))
    }
}

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// What for, each once, in order.
    pub scopes: Vec<Scope>,
    /// The only camera whose pictures may be sent; any if none.
    pub camera: Option<CameraName>,
}

impl Permit {
    /// A permit for these scopes.
    pub fn new(scopes: impl IntoIterator<Item = Scope>, camera: Option<CameraName>) -> Self {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self { scopes, camera }
    }

    /// Whether it is good for this. `admin` is good for everything but face vectors, which
    /// have to be named, and pictures of cameras, which only a camera sends.
    pub fn allows(&self, scope: Scope) -> bool {
        let by_admin = matches!(scope, Scope::Read | Scope::Write);
        self.scopes.contains(&scope) || (by_admin && self.scopes.contains(&Scope::Admin))
    }

    /// Whether it is good for pictures of this camera.
    pub fn allows_camera(&self, camera: &CameraName) -> bool {
        self.allows(Scope::Frames) && self.camera.as_ref().is_none_or(|only| only == camera)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_is_good_for_what_it_names_and_no_more() {
        let gate = CameraName::parse("gate").unwrap();
        let permit = Permit::new(
            [Scope::Read, Scope::Frames, Scope::Read],
            Some(gate.clone()),
        );
        assert_eq!(permit.scopes, [Scope::Frames, Scope::Read]);
        let allowed: Vec<bool> = Scope::ALL.iter().map(|s| permit.allows(*s)).collect();
        assert_eq!(allowed, [true, true, false, false, false]);
        assert!(permit.allows_camera(&gate));
        assert!(!permit.allows_camera(&CameraName::parse("hall").unwrap()));
        let admin = Permit::new([Scope::Admin], None);
        let allowed: Vec<bool> = Scope::ALL.iter().map(|s| admin.allows(*s)).collect();
        assert_eq!(allowed, [false, true, true, false, true]);
        assert!(!admin.allows_camera(&gate), "an admin is no camera");
    }

    #[test]
    fn words_are_read_back_and_others_refused() {
        for scope in Scope::ALL {
            assert_eq!(scope.word().parse(), Ok(scope));
        }
        assert!("Admin".parse::<Scope>().is_err());
    }
}
