//! What clients of the service that Rollcall replaces are told: sentences in Spanish, as that
//! service spoke, or in English.

use rollcall_core::attendance::Direction;
use rollcall_core::consensus::Verdict;
use rollcall_core::enrolment::Hint;
use rollcall_core::liveness::{Liveness, Side};
use rollcall_core::quality::QualityIssue;
use rollcall_core::station::{PunchReceipt, PunchState};
use rollcall_protocol::{EnrolmentStep, FrameReport, SeenFace};

/// The language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    English,
    Spanish,
}

impl Words {
    /// Those of a language; Spanish where it is not said.
    pub(crate) fn of(language: &str) -> Self {
        if language.starts_with("en") {
            Self::English
        } else {
            Self::Spanish
        }
    }

    fn either(self, english: impl Into<String>, spanish: impl Into<String>) -> String {
        match self {
            Self::English => english.into(),
            Self::Spanish => spanish.into(),
        }
    }

    pub(crate) fn no_picture(self) -> String {
        self.either(
            "No picture was sent in the field 'image'",
            "No se envió ninguna imagen en el campo 'image'",
        )
    }

    pub(crate) fn unreadable(self) -> String {
        self.either(
            "The picture could not be decoded",
            "No se pudo decodificar la imagen",
        )
    }

    pub(crate) fn not_from_there(self) -> String {
        self.either(
            "This address is not allowed: add it to [server] compatible_from",
            "Dirección no permitida: añádala a [server] compatible_from",
        )
    }

    pub(crate) fn too_often(self) -> String {
        self.either(
            "Too many pictures: this one was not looked at",
            "Demasiadas imágenes: esta no se ha analizado",
        )
    }

    pub(crate) fn not_looked_at(self) -> String {
        self.either(
            "The station is busy: this picture was not looked at",
            "La estación está ocupada: esta imagen no se ha analizado",
        )
    }

    /// What a picture shows.
    pub(crate) fn seen(self, report: &FrameReport) -> String {
        let mut parts: Vec<String> = report.faces.iter().map(|face| self.face(face)).collect();
        if parts.is_empty() {
            parts.push(self.either("No face found", "No se detectó ningún rostro"));
        }
        if let Some(step) = &report.enrolment {
            parts.push(self.enrolment(step));
        }
        parts.join("; ")
    }

    fn face(self, face: &SeenFace) -> String {
        let why = &face.report.explanation;
        match (why.verdict, &face.person) {
            (Verdict::Known(_), Some((_, name))) => {
                let what = self.known(face);
                format!("{name}: {what}")
            }
            (Verdict::Unknown, _) => self.either("Unknown face", "Rostro desconocido"),
            _ => {
                let votes = why.votes.first().map_or(0, |(_, votes, _)| *votes);
                let needed = why.votes_needed;
                let mut said = self.either(
                    format!("Face found, recognising ({votes} of {needed})"),
                    format!("Rostro detectado, reconociendo ({votes} de {needed})"),
                );
                if let Some(issue) = why.issue {
                    said = format!("{said}: {}", self.issue(issue));
                }
                said
            }
        }
    }

    fn known(self, face: &SeenFace) -> String {
        match &face.report.receipt {
            PunchReceipt::Recorded { direction, at, .. } => {
                let time = at.format("%H:%M:%S");
                match direction {
                    Direction::In => self.either(
                        format!("checked in at {time}"),
                        format!("entrada registrada a las {time}"),
                    ),
                    Direction::Out => self.either(
                        format!("checked out at {time}"),
                        format!("salida registrada a las {time}"),
                    ),
                }
            }
            PunchReceipt::Saving => self.either("being saved", "guardando"),
            PunchReceipt::Refused(_) => self.either("not recorded", "no registrado"),
            PunchReceipt::None => self.not_punched(face),
        }
    }

    fn not_punched(self, face: &SeenFace) -> String {
        let why = &face.report.explanation;
        match why.liveness {
            Liveness::Spoof(_) => {
                return self.either("looks like a picture", "parece una fotografía");
            }
            Liveness::Challenged(side) => return self.turn(side),
            Liveness::Deciding | Liveness::Live => {}
        }
        match why.punch {
            PunchState::Cooldown { left } => {
                let minutes = left.as_secs().div_ceil(60);
                self.either(
                    format!("recognised; next punch in {minutes} min"),
                    format!("ya fichó; podrá volver a fichar en {minutes} min"),
                )
            }
            PunchState::AlreadyPresent => self.either("already present", "ya está presente"),
            PunchState::Inactive => self.either("not active", "no está activo"),
            PunchState::UnderWay => self.either("being saved", "guardando"),
            PunchState::Ready | PunchState::NoName => self.either("recognised", "reconocido"),
        }
    }

    fn enrolment(self, step: &EnrolmentStep) -> String {
        let EnrolmentStep {
            name,
            taken,
            wanted,
            hint,
        } = step;
        let advice = match hint {
            Some(hint) => self.hint(*hint),
            None => self.either("waiting for confirmation", "a la espera de confirmación"),
        };
        self.either(
            format!("Enrolling {name}: {taken} of {wanted}, {advice}"),
            format!("Registrando a {name}: {taken} de {wanted}, {advice}"),
        )
    }

    fn turn(self, side: Side) -> String {
        let spanish = match side {
            Side::Left => "gire un poco la cabeza a la izquierda",
            Side::Right => "gire un poco la cabeza a la derecha",
        };
        self.either(format!("turn your head a little to the {side}"), spanish)
    }

    fn hint(self, hint: Hint) -> String {
        let spanish = match hint {
            Hint::Quality(issue) => return self.issue(issue),
            Hint::Turn(side) => return self.turn(side),
            Hint::NoFace => "póngase delante de la cámara",
            Hint::OneAtATime => "de uno en uno",
            Hint::AnotherFace => "este es otro rostro",
            Hint::Kept => "bien, otra vez",
            Hint::Hold => "bien, mueva un poco la cabeza",
            Hint::FaceTheCamera => "mire a la cámara",
        };
        self.either(hint.to_string(), spanish)
    }

    fn issue(self, issue: QualityIssue) -> String {
        let spanish = match issue {
            QualityIssue::TooSmall => "acérquese",
            QualityIssue::OutOfFrame => "póngase en el centro de la imagen",
            QualityIssue::TooDark => "demasiado oscuro: encienda una luz",
            QualityIssue::TooBright => "demasiada luz: apártese de ella",
            QualityIssue::LowContrast => "poco contraste: revise la luz y el objetivo",
            QualityIssue::Blurred => "no se mueva",
            QualityIssue::Turned => "mire a la cámara",
            QualityIssue::Tilted => "ponga la cabeza recta",
            QualityIssue::Covered => "quítese la mascarilla o la mano",
            QualityIssue::Unclear => "muestre toda la cara",
        };
        self.either(issue.to_string(), spanish)
    }
}
