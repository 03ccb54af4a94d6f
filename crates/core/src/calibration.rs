//! What a threshold costs: names given to strangers, and names not given to people.
//!
//! Two sources are put together. The *reference* is the shipped embedder's false match rate
//! over 29.6 million pairs of strangers of Labeled Faces in the Wild; the README has its
//! figures. The *station's own* people tell whether they are harder than that: siblings,
//! or a team of one age. A few hundred pairs say nothing of a rate of one in ten thousand,
//! so only their mean and spread are taken, the tail's shape from the reference; and pairs
//! that reach the threshold are counted as they are. The worst of these counts.

use std::collections::BTreeMap;

use super::embedding::{Cosine, Embedding};
use super::gallery::{Gallery, LOOKALIKES, MatchPolicy};
use super::person::PersonId;

/// Similarity, and how often two pictures of two strangers reach it: as a power of ten.
const REFERENCE: [(f64, f64); 3] = [(0.335, -3.0), (0.412, -4.0), (0.475, -5.0)];

/// Mean and standard deviation of the similarity of two strangers' pictures there.
const REFERENCE_MEAN: f64 = 0.006;
const REFERENCE_SPREAD: f64 = 0.097;

/// Pairs of people below which their own mean and spread say too little: ten people have
/// so many.
const PAIRS_FOR_A_FIT: usize = 45;

/// Likenesses of the people of a station, and of those who came by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Likenesses {
    /// Each template against the most similar other one of its person.
    pub genuine: Vec<f32>,
    /// Each pair of people by their most similar templates.
    pub impostor: Vec<f32>,
    /// Each face without a name against the most similar person.
    pub strangers: Vec<f32>,
    /// Pairs of people who look alike, the most alike first.
    pub lookalikes: Vec<(PersonId, PersonId, Cosine)>,
    /// People with templates.
    pub people: usize,
}

impl Likenesses {
    /// Compares everybody with everybody: the square of the number of templates.
    pub fn measure<'a>(
        gallery: &Gallery,
        strangers: impl IntoIterator<Item = &'a Embedding>,
    ) -> Self {
        let mut faces: BTreeMap<PersonId, Vec<Embedding>> = BTreeMap::new();
        for template in gallery.templates() {
            let own = faces.entry(template.person).or_default();
            own.push(template.embedding);
        }
        let mut found = Self {
            people: faces.len(),
            ..Self::default()
        };
        let people: Vec<(&PersonId, &Vec<Embedding>)> = faces.iter().collect();
        for (index, (person, own)) in people.iter().enumerate() {
            for (place, face) in own.iter().enumerate() {
                let others = own.iter().enumerate().filter(|(other, _)| *other != place);
                found
                    .genuine
                    .extend(best(others.map(|(_, other)| face.similarity(other).0)));
            }
            for (other, theirs) in &people[index + 1..] {
                let pairs = own
                    .iter()
                    .flat_map(|face| theirs.iter().map(move |other| face.similarity(other).0));
                let Some(similarity) = best(pairs) else {
                    continue;
                };
                found.impostor.push(similarity);
                if similarity >= LOOKALIKES.0 {
                    found
                        .lookalikes
                        .push((**person, **other, Cosine(similarity)));
                }
            }
        }
        for face in strangers {
            let nearest = gallery.search(face);
            found
                .strangers
                .extend(nearest.map(|candidate| candidate.similarity.0));
        }
        found.lookalikes.sort_by(|a, b| b.2.0.total_cmp(&a.2.0));
        found
    }

    /// How often a look of a stranger is as similar as this to anybody, of one look.
    pub fn false_match_rate(&self, threshold: f32) -> f64 {
        let of_one = self.rate_against_one(threshold);
        // As if the people were independent, which errs to the safe side.
        1.0 - (1.0 - of_one).powi(i32::try_from(self.people.max(1)).unwrap_or(i32::MAX))
    }

    fn rate_against_one(&self, threshold: f32) -> f64 {
        let threshold = f64::from(threshold);
        let reference = reference_rate(threshold);
        let Some((mean, spread)) = self.own_distribution() else {
            return reference;
        };
        let standing = (threshold - mean) / spread;
        let own = reference_rate(REFERENCE_MEAN + standing * REFERENCE_SPREAD);
        let reaching = self
            .impostor
            .iter()
            .filter(|s| f64::from(**s) >= threshold)
            .count();
        let counted = reaching as f64 / self.impostor.len() as f64;
        reference.max(own).max(counted)
    }

    /// Mean and spread of the pairs of people, if there are enough of them. A pair is of
    /// best templates: for a single look it errs to the safe side.
    fn own_distribution(&self) -> Option<(f64, f64)> {
        let enough = self.impostor.len() >= PAIRS_FOR_A_FIT;
        let found = mean_and_spread(&self.impostor).filter(|_| enough)?;
        (found.1 > 0.0).then_some(found)
    }

    /// Whether the station's own people entered into the rate.
    pub fn has_own_people(&self) -> bool {
        self.own_distribution().is_some()
    }

    /// Share of looks at enrolled people below a threshold: among the templates themselves,
    /// and by a normal distribution of the same mean and spread, whichever is more. `None`
    /// without two templates of one person.
    pub fn false_non_match_rate(&self, threshold: f32) -> Option<f64> {
        let (mean, spread) = mean_and_spread(&self.genuine)?;
        let below = self.genuine.iter().filter(|s| **s < threshold).count();
        let counted = below as f64 / self.genuine.len() as f64;
        let fitted = if spread > 0.0 {
            normal_share_below((f64::from(threshold) - mean) / spread)
        } else {
            0.0
        };
        Some(counted.max(fitted))
    }

    /// The lowest threshold, in thousandths, at which a look of a stranger is given a name
    /// with at most this probability. `None` if none is high enough.
    pub fn threshold_for(&self, rate: f64) -> Option<f32> {
        (0..1000)
            .map(|thousandths| thousandths as f32 / 1000.0)
            .find(|threshold| self.false_match_rate(*threshold) <= rate)
    }
}

/// The setting by which so many people are asked for this similarity.
pub fn setting_for(policy: &MatchPolicy, threshold: f32, people: usize) -> f32 {
    let rise = policy.threshold_among(people).0 - policy.threshold.0;
    ((threshold - rise) * 1000.0).round() / 1000.0
}

/// How often two strangers' pictures are so similar, from the reference figures; beyond
/// them it goes on as between the last two.
fn reference_rate(similarity: f64) -> f64 {
    let segment = usize::from(similarity >= REFERENCE[1].0);
    let ((from, power), (to, next)) = (REFERENCE[segment], REFERENCE[segment + 1]);
    let exponent = power + (similarity - from) / (to - from) * (next - power);
    10f64.powf(exponent).min(1.0)
}

/// The largest probability that is compatible, at 95 %, with having seen none in `looks`
/// (the rule of three).
pub fn at_most(looks: usize) -> f64 {
    (3.0 / looks.max(1) as f64).min(1.0)
}

/// To two digits: an estimate has no more.
pub fn rounded(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return value;
    }
    let unit = 10f64.powf(value.log10().floor() - 1.0);
    (value / unit).round() * unit
}

fn best(values: impl Iterator<Item = f32>) -> Option<f32> {
    values.max_by(f32::total_cmp)
}

fn mean_and_spread(values: &[f32]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|v| (f64::from(*v) - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0);
    Some((mean, variance.sqrt()))
}

/// Share of a standard normal distribution below `z` (Abramowitz and Stegun 26.2.17,
/// error below 7.5e-8).
fn normal_share_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let coefficients = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let series = coefficients.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    let beyond = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z < 0.0 { beyond } else { 1.0 - beyond }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::Template;
    use crate::person::TemplateId;

    fn likenesses(people: usize) -> Likenesses {
        Likenesses {
            people,
            ..Likenesses::default()
        }
    }

    #[test]
    fn the_reference_is_met_at_its_points_and_goes_on_beyond_them() {
        for (similarity, rate) in [(0.335, 1e-3), (0.412, 1e-4), (0.475, 1e-5), (0.538, 1e-6)] {
            let found = reference_rate(similarity);
            assert!((found / rate - 1.0).abs() < 0.01, "{similarity}: {found}");
        }
        assert_eq!(reference_rate(-1.0), 1.0);
    }

    #[test]
    fn a_stranger_has_as_many_chances_as_there_are_people() {
        let one = likenesses(1).false_match_rate(0.412);
        let hundred = likenesses(100).false_match_rate(0.412);
        assert!((hundred / one - 100.0).abs() < 1.0, "{hundred} of {one}");
        // Which is what the default policy makes up for.
        let policy = MatchPolicy {
            threshold: Cosine(0.412),
            per_tenfold: 0.065,
            min_margin: 0.05,
        };
        for people in [1, 10, 100, 1000] {
            let threshold = policy.threshold_among(people).0;
            let rate = likenesses(people).false_match_rate(threshold);
            assert!((0.3e-4..=1.1e-4).contains(&rate), "{people}: {rate}");
            let setting = setting_for(&policy, threshold, people);
            assert!((setting - 0.412).abs() < 1e-3, "{people}: {setting}");
        }
    }

    #[test]
    fn a_proposed_threshold_holds_what_was_wished() {
        let people = likenesses(31);
        let threshold = people.threshold_for(1e-4).unwrap();
        assert!(people.false_match_rate(threshold) <= 1e-4);
        assert!(people.false_match_rate(threshold - 0.002) > 1e-4);
        assert_eq!(people.threshold_for(0.0), None);
    }

    /// Pairs spread evenly by rank around a mean.
    fn spread(mean: f32, spread: f32) -> Vec<f32> {
        (0..200)
            .map(|n| (n as f32 + 0.5) / 100.0 - 1.0)
            .map(|place| mean + spread * place * 3f32.sqrt())
            .collect()
    }

    #[test]
    fn usual_people_are_as_the_reference_and_siblings_are_not() {
        let usual = Likenesses {
            impostor: spread(0.006, 0.097),
            ..likenesses(20)
        };
        assert!(usual.has_own_people());
        let ratio = usual.rate_against_one(0.45) / reference_rate(0.45);
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
        let siblings = Likenesses {
            impostor: spread(0.1, 0.12),
            ..likenesses(20)
        };
        let ratio = siblings.rate_against_one(0.45) / reference_rate(0.45);
        assert!((10.0..1000.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn a_pair_that_reaches_the_threshold_is_counted() {
        let mut impostor = spread(0.006, 0.097);
        impostor.push(0.8);
        let people = Likenesses {
            impostor,
            ..likenesses(20)
        };
        assert!(people.rate_against_one(0.79) >= 1.0 / 201.0);
    }

    #[test]
    fn a_handful_of_pairs_says_nothing_of_a_rate() {
        let people = Likenesses {
            impostor: vec![0.9; 10],
            ..likenesses(5)
        };
        assert!(!people.has_own_people());
        assert_eq!(
            people.rate_against_one(0.412),
            reference_rate(f64::from(0.412f32))
        );
    }

    #[test]
    fn refused_looks_follow_from_how_alike_a_persons_pictures_are() {
        let genuine = |mean: f32| Likenesses {
            genuine: [-0.1f32, 0.0, 0.1].map(|d| mean + d).to_vec(),
            ..likenesses(3)
        };
        let rate = |mean| genuine(mean).false_non_match_rate(0.5).unwrap();
        assert!((rate(0.5) - 0.5).abs() < 0.01);
        assert!((rate(0.7) - 0.0228).abs() < 0.001);
        assert_eq!(likenesses(3).false_non_match_rate(0.5), None);
        assert!((at_most(300) - 0.01).abs() < 1e-9);
    }

    #[test]
    fn everybody_is_compared_with_everybody() {
        let face = |values: [f32; 3]| Embedding::from_raw(values.to_vec()).unwrap();
        let template = |id: i64, person: i64, values| Template {
            id: TemplateId(id),
            person: PersonId(person),
            embedding: face(values),
        };
        let gallery = Gallery::new([
            template(1, 1, [1.0, 0.0, 0.0]),
            template(2, 1, [0.8, 0.6, 0.0]),
            template(3, 2, [0.0, 1.0, 0.0]),
            template(4, 3, [0.0, 0.0, 1.0]),
        ]);
        let stranger = face([0.0, 0.6, 0.8]);
        let found = Likenesses::measure(&gallery, [&stranger]);
        assert_eq!(found.people, 3);
        assert_eq!(found.genuine.len(), 2, "one has a single picture");
        assert_eq!(found.impostor.len(), 3);
        assert!((found.strangers[0] - 0.8).abs() < 1e-3);
        let [(one, other, similarity)] = found.lookalikes[..] else {
            panic!("{:?}", found.lookalikes)
        };
        assert_eq!((one, other), (PersonId(1), PersonId(2)));
        assert!((similarity.0 - 0.6).abs() < 1e-3);
    }
}
