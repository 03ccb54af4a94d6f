//! From similarities to accuracy and error rates (terms of ISO/IEC 19795-1).
//!
//! A pair matches if its similarity reaches the threshold. Rates that the number
//! of pairs cannot resolve are left out, never extrapolated.

use serde::Serialize;

/// The false match rates of the report.
pub const FALSE_MATCH_RATES: [f64; 4] = [1e-2, 1e-3, 1e-4, 1e-5];

/// One compared pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// `true` if both pictures show the same person.
    pub genuine: bool,
    /// Which fold the pair belongs to, from zero.
    pub fold: usize,
    /// Cosine similarity; none if a picture has no face.
    pub similarity: Option<f32>,
}

/// What the similarities say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// Pairs of one person.
    pub genuine_pairs: usize,
    /// Pairs of two people.
    pub impostor_pairs: usize,
    /// Pairs with a picture without a face.
    pub pairs_without_similarity: usize,
    /// Accuracy at the threshold that suits all pairs best.
    #[serde(flatten)]
    pub best: BestThreshold,
    /// Accuracy with the threshold of each fold chosen on the others; none for a list without folds.
    pub folds: Option<FoldAccuracy>,
    /// True accept rates at fixed false match rates.
    pub roc: Vec<RocPoint>,
    /// Similarities of pairs of one person.
    pub genuine_similarity: Option<Distribution>,
    /// Similarities of pairs of two people.
    pub impostor_similarity: Option<Distribution>,
}

/// The threshold that judges most pairs rightly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BestThreshold {
    /// In the middle between the similarities it separates.
    pub threshold: f32,
    /// Pairs judged rightly there.
    pub correct_pairs: usize,
    /// Their share of all pairs.
    pub accuracy: f64,
}

/// Cross-validated accuracy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoldAccuracy {
    /// Mean over the folds.
    pub mean: f64,
    /// Standard deviation over the folds.
    pub standard_deviation: f64,
    /// Accuracy of each fold.
    pub accuracies: Vec<f64>,
}

/// One point of the receiver operating characteristic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RocPoint {
    /// The false match rate asked for.
    pub false_match_rate: f64,
    /// What was measured at or below it; none if there are too few impostor pairs.
    pub measured: Option<RocMeasurement>,
    /// Impostor pairs that this rate needs at least.
    pub impostor_pairs_needed: usize,
}

/// What was measured at one false match rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocMeasurement {
    /// The lowest threshold with at most that rate.
    pub threshold: f32,
    /// Impostor pairs that match there.
    pub false_matches: usize,
    /// Share of genuine pairs that match there.
    pub true_accept_rate: f64,
}

/// Mean and spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Distribution {
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation.
    pub standard_deviation: f64,
}

/// Everything the scores say; `folds` is the number of folds, 1 for none.
pub fn summarise(scored: &[Scored], folds: usize) -> Statistics {
    let similarities = |genuine: bool| -> Vec<f32> {
        scored
            .iter()
            .filter(|s| s.genuine == genuine)
            .filter_map(|s| s.similarity)
            .collect()
    };
    let genuine_pairs = scored.iter().filter(|s| s.genuine).count();
    let (genuine, impostor) = (similarities(true), similarities(false));
    Statistics {
        genuine_pairs,
        impostor_pairs: scored.len() - genuine_pairs,
        pairs_without_similarity: scored.len() - genuine.len() - impostor.len(),
        best: best_threshold(scored.iter()),
        folds: (folds > 1).then(|| cross_validate(scored, folds)),
        roc: roc(&genuine, &impostor, genuine_pairs),
        genuine_similarity: distribution(&genuine),
        impostor_similarity: distribution(&impostor),
    }
}

/// Sweeps the threshold over all similarities. Among equally good places it takes
/// the middle of the widest gap, which is least likely to be luck.
fn best_threshold<'a>(scored: impl Iterator<Item = &'a Scored>) -> BestThreshold {
    let mut total = 0;
    let mut pairs: Vec<(f32, bool)> = Vec::new();
    for s in scored {
        total += 1;
        pairs.extend(s.similarity.map(|similarity| (similarity, s.genuine)));
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));

    // Below all similarities every pair matches: all genuine ones are right.
    let mut correct = pairs.iter().filter(|(_, genuine)| *genuine).count();
    let mut best = (correct, 0.0, pairs.first().map_or(0.0, |p| p.0));
    for (index, &(similarity, genuine)) in pairs.iter().enumerate() {
        // The threshold passes this pair, which no longer matches.
        correct = if genuine { correct - 1 } else { correct + 1 };
        let (gap, threshold) = match pairs.get(index + 1) {
            Some(&(next, _)) => (next - similarity, f32::midpoint(similarity, next)),
            None => (0.0, similarity.next_up()),
        };
        // Equal similarities cannot be separated.
        let separates = gap > 0.0 || index + 1 == pairs.len();
        if separates && (correct, gap) > (best.0, best.1) {
            best = (correct, gap, threshold);
        }
    }
    BestThreshold {
        threshold: best.2,
        correct_pairs: best.0,
        accuracy: ratio(best.0, total),
    }
}

/// The accuracy of every fold at the threshold that suits all others best.
fn cross_validate(scored: &[Scored], folds: usize) -> FoldAccuracy {
    let accuracies: Vec<f64> = (0..folds)
        .map(|fold| {
            let threshold = best_threshold(scored.iter().filter(|s| s.fold != fold)).threshold;
            let tested = scored.iter().filter(|s| s.fold == fold);
            let (mut correct, mut total) = (0, 0);
            for s in tested {
                total += 1;
                let is_right = s
                    .similarity
                    .is_some_and(|similarity| (similarity >= threshold) == s.genuine);
                correct += usize::from(is_right);
            }
            ratio(correct, total)
        })
        .collect();
    let spread = distribution_of(accuracies.iter().copied());
    FoldAccuracy {
        mean: spread.mean,
        standard_deviation: spread.standard_deviation,
        accuracies,
    }
}

fn roc(genuine: &[f32], impostor: &[f32], genuine_pairs: usize) -> Vec<RocPoint> {
    let mut falling = impostor.to_vec();
    falling.sort_by(|a, b| b.total_cmp(a));
    FALSE_MATCH_RATES
        .into_iter()
        .map(|rate| {
            let impostor_pairs_needed = (1.0 / rate).round() as usize;
            // A hair more, since 1000 × 1e-3 may come out below one.
            let allowed = (falling.len() as f64 * rate + 1e-9).floor() as usize;
            let measured = (allowed > 0 && genuine_pairs > 0).then(|| {
                // Of those allowed + 1 highest impostors the last must not match.
                let threshold = falling
                    .get(allowed)
                    .map_or(f32::NEG_INFINITY, |s| s.next_up());
                let accepted = genuine.iter().filter(|s| **s >= threshold).count();
                RocMeasurement {
                    threshold,
                    false_matches: falling.iter().filter(|s| **s >= threshold).count(),
                    true_accept_rate: ratio(accepted, genuine_pairs),
                }
            });
            RocPoint {
                false_match_rate: rate,
                measured,
                impostor_pairs_needed,
            }
        })
        .collect()
}

fn distribution(values: &[f32]) -> Option<Distribution> {
    (!values.is_empty()).then(|| distribution_of(values.iter().map(|v| f64::from(*v))))
}

fn distribution_of(values: impl Iterator<Item = f64> + Clone) -> Distribution {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    Distribution {
        mean,
        standard_deviation: variance.sqrt(),
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scored(genuine: bool, similarity: f32) -> Scored {
        Scored {
            genuine,
            fold: 0,
            similarity: Some(similarity),
        }
    }

    const NO_FACE: Scored = Scored {
        genuine: true,
        fold: 0,
        similarity: None,
    };

    #[test]
    fn the_best_threshold_is_in_the_middle_of_the_widest_gap() {
        let pairs = [
            scored(false, 0.0),
            scored(false, 0.2),
            scored(true, 0.6),
            scored(true, 0.7),
        ];
        let best = summarise(&pairs, 1).best;
        assert_eq!((best.correct_pairs, best.accuracy), (4, 1.0));
        assert!((best.threshold - 0.4).abs() < 1e-6);
    }

    #[test]
    fn equal_similarities_are_not_torn_apart() {
        let pairs = [scored(false, 0.5), scored(true, 0.5), scored(true, 0.5)];
        assert_eq!(summarise(&pairs, 1).best.correct_pairs, 2);
        let impostors = [scored(false, 0.5), scored(false, 0.5)];
        let best = summarise(&impostors, 1).best;
        assert_eq!(best.correct_pairs, 2);
        assert!(best.threshold > 0.5);
    }

    #[test]
    fn a_pair_without_a_face_is_wrong_and_refused() {
        let mut pairs: Vec<Scored> = (0..100).map(|i| scored(false, i as f32 / 1000.0)).collect();
        pairs.extend([scored(true, 0.9), NO_FACE]);
        let found = summarise(&pairs, 1);
        assert_eq!(found.pairs_without_similarity, 1);
        assert_eq!(found.best.correct_pairs, 101);
        let at_one_percent = found.roc[0].measured.unwrap();
        assert_eq!(at_one_percent.true_accept_rate, 0.5);
        assert_eq!(at_one_percent.false_matches, 1);
    }

    #[test]
    fn rates_that_the_pairs_cannot_resolve_are_left_out() {
        let mut pairs: Vec<Scored> = (0..1000)
            .map(|i| scored(false, i as f32 / 2000.0))
            .collect();
        pairs.push(scored(true, 0.4992));
        let roc = summarise(&pairs, 1).roc;
        let at = |i: usize| {
            roc[i]
                .measured
                .map(|m| (m.false_matches, m.true_accept_rate))
        };
        // The highest impostors are at 0.4995, 0.4990, …: at 1e-3 one may match.
        assert_eq!(at(0), Some((10, 1.0)));
        assert_eq!(at(1), Some((1, 1.0)));
        assert_eq!((at(2), at(3)), (None, None));
        assert_eq!(roc[2].impostor_pairs_needed, 10_000);
    }

    #[test]
    fn the_threshold_of_a_fold_comes_from_the_others() {
        let in_fold = |fold, genuine, similarity| Scored {
            genuine,
            fold,
            similarity: Some(similarity),
        };
        // The second fold alone would choose 0.8, the first 0.3.
        let pairs = [
            in_fold(0, false, 0.2),
            in_fold(0, true, 0.4),
            in_fold(1, false, 0.7),
            in_fold(1, true, 0.9),
        ];
        let folds = summarise(&pairs, 2).folds.unwrap();
        assert_eq!(folds.accuracies, [0.5, 0.5]);
        assert_eq!((folds.mean, folds.standard_deviation), (0.5, 0.0));
        assert_eq!(summarise(&pairs, 1).folds, None);
    }

    #[test]
    fn mean_and_standard_deviation() {
        let pairs = [scored(true, 0.2), scored(true, 0.6), scored(false, 0.1)];
        let found = summarise(&pairs, 1);
        let genuine = found.genuine_similarity.unwrap();
        assert!((genuine.mean - 0.4).abs() < 1e-6);
        assert!((genuine.standard_deviation - 0.2).abs() < 1e-6);
        assert_eq!(summarise(&[], 1).genuine_similarity, None);
        assert_eq!(summarise(&[], 1).best.accuracy, 0.0);
    }

    proptest! {
        #[test]
        fn no_other_threshold_is_better(
            pairs in prop::collection::vec((any::<bool>(), 0u8..20), 1..60),
        ) {
            let pairs: Vec<Scored> =
                pairs.iter().map(|&(g, s)| scored(g, f32::from(s) / 20.0)).collect();
            let correct_at = |threshold: f32| {
                pairs.iter().filter(|p| (p.similarity.unwrap() >= threshold) == p.genuine).count()
            };
            let best = summarise(&pairs, 1).best;
            prop_assert_eq!(best.correct_pairs, correct_at(best.threshold));
            for step in 0..42 {
                prop_assert!(correct_at(step as f32 / 40.0 - 0.01) <= best.correct_pairs);
            }
        }

        #[test]
        fn a_roc_point_keeps_to_its_rate(
            genuine in prop::collection::vec(0f32..1.0, 1..30),
            impostor in prop::collection::vec(0f32..1.0, 100..300),
        ) {
            let pairs: Vec<Scored> = genuine.iter().map(|s| scored(true, *s))
                .chain(impostor.iter().map(|s| scored(false, *s))).collect();
            let found = summarise(&pairs, 1);
            let point = found.roc[0].measured.unwrap();
            prop_assert!(point.false_matches as f64 <= impostor.len() as f64 * 1e-2);
        }
    }
}
