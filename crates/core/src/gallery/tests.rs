use super::codes::Probe;
use super::*;
use proptest::prelude::*;

fn embedding(values: &[f32]) -> Embedding {
    Embedding::from_raw(values.to_vec()).unwrap()
}

fn template(id: i64, person: i64, values: &[f32]) -> Template {
    Template {
        id: TemplateId(id),
        person: PersonId(person),
        embedding: embedding(values),
    }
}

const POLICY: MatchPolicy = MatchPolicy {
    threshold: Cosine(0.4),
    per_tenfold: 0.06,
    min_margin: 0.05,
};

#[test]
fn the_runner_up_is_another_person() {
    let gallery = Gallery::new([
        template(1, 1, &[1.0, 0.0, 0.0]),
        template(2, 1, &[0.9, 0.1, 0.0]),
        template(3, 2, &[0.0, 1.0, 0.0]),
    ]);
    let found = gallery.search(&embedding(&[1.0, 0.2, 0.0])).unwrap();
    assert_eq!(found.person, PersonId(1));
    assert_eq!(found.runner_up.unwrap().0, PersonId(2));
}

#[test]
fn two_people_too_alike_are_nobody() {
    let gallery = Gallery::new([template(1, 1, &[1.0, 0.01]), template(2, 2, &[1.0, 0.0])]);
    let judgement = POLICY.look_up(&gallery, &embedding(&[1.0, 0.0]));
    assert_eq!(judgement.doubt, Some(Doubt::TooCloseToRunnerUp));
    assert_eq!(judgement.known(), None);
}

#[test]
fn an_empty_gallery_or_another_model_knows_nobody() {
    let probe = embedding(&[1.0, 0.0]);
    let judgement = POLICY.look_up(&Gallery::default(), &probe);
    assert_eq!(judgement.doubt, Some(Doubt::NobodyEnrolled));
    let other_model = Gallery::new([template(1, 1, &[1.0, 0.0, 0.0])]);
    assert_eq!(other_model.search(&probe), None);
    let mut gallery = other_model;
    assert!(!gallery.insert(&template(2, 1, &[1.0, 0.0])));
}

#[test]
fn equal_similarities_go_to_whoever_was_enrolled_first_in_any_order() {
    let same = [0.3, 0.4, -0.2, 0.1];
    let rows = [(7, 3), (5, 2), (6, 2), (9, 4)];
    let probe = embedding(&same);
    for turn in 0..rows.len() {
        let mut rows = rows;
        rows.rotate_left(turn);
        let gallery = Gallery::new(rows.map(|(id, person)| template(id, person, &same)));
        let found = gallery.search(&probe).unwrap();
        assert_eq!((found.person, found.template), (PersonId(2), TemplateId(5)));
        assert_eq!(found.runner_up.unwrap().0, PersonId(3));
        assert_eq!(found.margin(), Some(0.0));
    }
}

#[test]
fn a_person_alone_has_no_runner_up_and_a_removed_one_is_forgotten() {
    let mut gallery = Gallery::new([
        template(1, 1, &[1.0, 0.0]),
        template(2, 2, &[0.0, 1.0]),
        template(3, 1, &[1.0, 0.1]),
    ]);
    let probe = embedding(&[1.0, 0.1]);
    assert_eq!(gallery.remove(PersonId(2)), 1);
    let alone = gallery.search(&probe).unwrap();
    assert_eq!((alone.template, alone.runner_up), (TemplateId(3), None));
    assert_eq!(gallery.remove(PersonId(1)), 2);
    assert_eq!((gallery.search(&probe), gallery.len()), (None, 0));
    // An empty gallery takes templates of any model again.
    assert!(gallery.insert(&template(4, 3, &[1.0, 0.0, 0.0])));
}

#[test]
fn probes_of_another_model_get_no_answer_and_keep_their_place() {
    let gallery = Gallery::new([template(1, 1, &[1.0, 0.0])]);
    let (ours, other) = (embedding(&[1.0, 1.0]), embedding(&[1.0, 1.0, 1.0]));
    let found = gallery.search_all(&[&other, &ours, &other]);
    assert_eq!(
        found.iter().map(Option::is_some).collect::<Vec<_>>(),
        [false, true, false]
    );
}

fn arbitrary_gallery() -> impl Strategy<Value = Vec<(i64, [f32; 4])>> {
    prop::collection::vec((0i64..4, prop::array::uniform4(-1f32..1.0)), 0..12)
}

/// Components as a network makes them, and now and then a dominant one.
fn component() -> impl Strategy<Value = f32> {
    prop_oneof![19 => -1f32..1.0, 1 => -40f32..40.0]
}

proptest! {
    #[test]
    fn search_agrees_with_a_plain_maximum_per_person(
        entries in arbitrary_gallery(), probe in prop::array::uniform4(-1f32..1.0),
    ) {
        let usable = |v: &[f32; 4]| v.iter().any(|x| x.abs() > 0.01);
        prop_assume!(usable(&probe) && entries.iter().all(|(_, v)| usable(v)));
        let templates: Vec<_> = entries.iter().enumerate()
            .map(|(i, (p, v))| template(i as i64, *p, v)).collect();
        let probe = embedding(&probe);
        let found = Gallery::new(templates.clone()).search(&probe);
        let mut per_person = std::collections::BTreeMap::<PersonId, f32>::new();
        for t in &templates {
            let s = per_person.entry(t.person).or_insert(f32::MIN);
            *s = s.max(t.embedding.similarity(&probe).0);
        }
        let mut sorted: Vec<f32> = per_person.values().copied().collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        prop_assert_eq!(found.map(|c| c.similarity.0), sorted.first().copied());
        prop_assert_eq!(found.and_then(|c| c.runner_up).map(|r| r.1.0), sorted.get(1).copied());
    }

    #[test]
    fn the_bounds_hold_and_the_codes_lose_nothing(
        pairs in prop::collection::vec((component(), component()), 1..700),
    ) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let (Ok(a), Ok(b)) = (Embedding::from_raw(a), Embedding::from_raw(b)) else {
            return Ok(());
        };
        let mut codes = Codes::new(a.dim());
        codes.push(&b);
        codes.push(&a);
        codes.swap_remove(0);
        let exact = a.similarity(&b).0;
        prop_assert_eq!(codes.similarity(0, &Probe::new(&b)), exact);
        prop_assert_eq!(codes.similarity(0, &Probe::new(&a)), a.similarity(&a).0);
        codes.look(&[Probe::new(&b)], |_, _, bounds| {
            assert!(bounds.lower <= f64::from(exact) && f64::from(exact) <= bounds.upper, "{bounds:?}");
            // Wide bounds would hold as well, and make every template a contender.
            assert!(bounds.upper - bounds.lower < 0.21, "{bounds:?}");
        });
    }

    #[test]
    fn inserting_and_removing_is_building_anew(
        entries in arbitrary_gallery(), gone in 0i64..4, probe in prop::array::uniform4(0.1f32..1.0),
    ) {
        let entries: Vec<_> = entries.into_iter()
            .filter(|(_, v)| v.iter().any(|x| x.abs() > 0.01)).collect();
        let all = || entries.iter().enumerate().map(|(i, (p, v))| template(i as i64, *p, v));
        let mut gallery: Gallery = all().collect();
        gallery.remove(PersonId(gone));
        let anew: Gallery = all().filter(|t| t.person != PersonId(gone)).collect();
        prop_assert_eq!(gallery.len(), anew.len());
        prop_assert_eq!(gallery.search(&embedding(&probe)), anew.search(&embedding(&probe)));
    }
}
