//! Faces in the layouts that systems write.

use super::super::embeddings::{self, DIM, Whose};
use super::super::*;
use super::hints;

/// A direction that is no other's.
fn vector(seed: usize, scale: f32) -> Vec<f32> {
    (0..DIM)
        .map(|place| scale * ((place * 31 + seed * 17) % 97) as f32 / 97.0 - scale / 2.0)
        .collect()
}

fn joined(numbers: &[f32], between: &str) -> String {
    numbers
        .iter()
        .map(f32::to_string)
        .collect::<Vec<_>>()
        .join(between)
}

/// Whose the faces of a file are, if they are those of [`vector`] by number.
fn owners(bytes: &[u8], hints: &Hints, seeds: &[usize]) -> Result<Vec<String>, String> {
    let read = embeddings::read(bytes, hints).map_err(|error| error.to_string())?;
    assert_eq!(read.rows.rows.len(), seeds.len());
    for (row, seed) in read.rows.rows.iter().zip(seeds) {
        let expected = crate::core::embedding::Embedding::from_raw(vector(*seed, 1.0)).unwrap();
        let similarity = row.embedding.similarity(&expected).0;
        assert!(similarity > 0.9999, "{similarity}");
    }
    let owner = |whose: &Whose| match whose {
        Whose::Name(name) => name.to_string(),
        Whose::Code(code, name) => {
            format!("{code}:{}", name.as_ref().map_or("", |name| name.as_str()))
        }
    };
    Ok(read.rows.rows.iter().map(|row| owner(&row.whose)).collect())
}

#[test]
fn faces_are_read_in_the_layouts_of_similar_systems() {
    let raw = |seed| vector(seed, 20.0);
    let list = |seed| format!("\"[{}]\"", joined(&raw(seed), ", "));
    let header = |prefix: &str| {
        (0..DIM)
            .map(|n| format!("{prefix}{n}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let columns = |seed| joined(&raw(seed), ",");
    let comma = |seed| joined(&raw(seed), ";").replace('.', ",");
    let backwards: Vec<String> = (0..DIM).rev().map(|n| format!("f{n}")).collect();
    let mut turned = raw(1);
    turned.reverse();
    for text in [
        format!(
            "name,embedding\nAna,{}\nEva,{}\n",
            joined(&raw(1), ";"),
            joined(&raw(2), ";")
        ),
        format!("nombre,embedding\nAna,{}\nEva,{}\n", list(1), list(2)),
        format!(",name,embedding\n0,Ana,{}\n1,Eva,{}\n", list(1), list(2)),
        format!(
            "name,image,encoding\nAna,a.jpg,{}\nEva,b.jpg,{}\n",
            list(1),
            list(2)
        ),
        format!("Ana,{}\nEva,{}\n", list(1), list(2)),
        format!("Ana,{}\nEva,{}\n", columns(1), columns(2)),
        format!(
            "name,{}\nAna,{}\nEva,{}\n",
            header("f"),
            columns(1),
            columns(2)
        ),
        format!(
            "{},name\n{},Ana\n{},Eva\n",
            header(""),
            columns(1),
            columns(2)
        ),
        format!(
            ",name,{}\n0,Ana,{}\n1,Eva,{}\n",
            header(""),
            columns(1),
            columns(2)
        ),
        format!(
            "id,name,{}\nx0,Ana,{}\nx1,Eva,{}\n",
            header("emb_"),
            columns(1),
            columns(2)
        ),
        format!(
            "name;{}\nAna;{}\nEva;{}\n",
            header("").replace(',', ";"),
            comma(1),
            comma(2)
        ),
        format!("Ana;{}\nEva;{}\n", comma(1), comma(2)),
        format!(
            "{}\nAna;{}\nEva;{}\n",
            (0..=DIM)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .join(";"),
            comma(1),
            comma(2)
        ),
        format!(
            "name,{}\nAna,{}\nEva,{}\n",
            backwards.join(","),
            joined(&turned, ","),
            {
                let mut turned = raw(2);
                turned.reverse();
                joined(&turned, ",")
            }
        ),
    ] {
        let found = owners(text.as_bytes(), &hints(), &[1, 2]);
        assert_eq!(
            found.unwrap(),
            ["Ana", "Eva"],
            "{}",
            &text[..60.min(text.len())]
        );
    }
}

#[test]
fn faces_are_read_from_json_of_any_shape() {
    let columns = |seed| joined(&vector(seed, 20.0), ",");
    for text in [
        format!("{{\"Ana\": [{}], \"Eva\": [[{}]]}}", columns(1), columns(2)),
        format!(
            "[{{\"name\": \"Ana\", \"embedding\": [{}]}}, {{\"name\": \"Eva\", \"embedding\": [{}]}}]",
            columns(1),
            columns(2)
        ),
        format!(
            "{{\"names\": [\"Ana\", \"Eva\"], \"encodings\": [[{}], [{}]]}}",
            columns(1),
            columns(2)
        ),
        format!(
            "{{\"name\": \"Ana\", \"vector\": [{}]}}\n{{\"name\": \"Eva\", \"vector\": [{}]}}\n",
            columns(1),
            columns(2)
        ),
    ] {
        let found = owners(text.as_bytes(), &hints(), &[1, 2]);
        assert_eq!(
            found.unwrap(),
            ["Ana", "Eva"],
            "{}",
            &text[..60.min(text.len())]
        );
    }
}

#[test]
fn whose_a_face_is_comes_from_a_code_the_files_name_or_the_operator() {
    let line = |seed| joined(&vector(seed, 20.0), ";");
    let called = |name: &str| Hints {
        file_name: name.into(),
        ..hints()
    };
    let codes = format!("student_id,embedding\n2021,{}\n", line(1));
    assert_eq!(owners(codes.as_bytes(), &hints(), &[1]).unwrap(), ["2021:"]);
    let both = format!("codigo,nombre,embedding\nE-1,Ana,{}\n", line(1));
    assert_eq!(
        owners(both.as_bytes(), &hints(), &[1]).unwrap(),
        ["E-1:Ana"]
    );
    let numbered = format!("image_number,embedding\n1,{}\n2,{}\n", line(1), line(2));
    assert_eq!(
        owners(numbered.as_bytes(), &called("Ana Torres.csv"), &[1, 2]).unwrap(),
        ["Ana Torres", "Ana Torres"]
    );
    for generic in ["embeddings.csv", "face_data.csv", "2024.csv", ""] {
        let error = owners(numbered.as_bytes(), &called(generic), &[]).unwrap_err();
        assert!(error.contains("--name"), "{error}");
    }
    let stated = Hints {
        name: Some("Ana".into()),
        ..hints()
    };
    assert_eq!(
        owners(numbered.as_bytes(), &stated, &[1, 2]).unwrap(),
        ["Ana", "Ana"]
    );
    let listed = Hints {
        names: Some(vec!["Ana".into(), "Eva".into()]),
        ..hints()
    };
    assert_eq!(
        owners(numbered.as_bytes(), &listed, &[1, 2]).unwrap(),
        ["Ana", "Eva"]
    );
    let clash = format!(
        "code,name,embedding\nE-1,Ana,{}\nE-1,Eva,{}\n",
        line(1),
        line(2)
    );
    assert!(
        owners(clash.as_bytes(), &hints(), &[])
            .unwrap_err()
            .contains("line 3")
    );
}

#[test]
fn faces_that_cannot_be_used_are_told_by_line() {
    let good = joined(&vector(1, 1.0), ";");
    let short = joined(&vector(1, 1.0)[..511], ";");
    let dlib = joined(&vector(1, 1.0)[..128], ";");
    let text = format!(
        "name,embedding\nAna,{good}\nB,{short}\nC,{dlib}\nD,[0.1 ... 0.2]\nE,{good};x\n,{good}\nF,\nG,{}\n",
        vec!["0"; DIM].join(";")
    );
    let error = embeddings::read(text.as_bytes(), &hints())
        .unwrap_err()
        .to_string();
    for (line, words) in [
        (3, "511 numbers"),
        (4, "another model"),
        (5, "shortened"),
        (6, "number 513"),
        (7, "name is empty"),
        (8, "no numbers"),
        (9, "length zero"),
    ] {
        let found = error
            .lines()
            .find(|text| text.contains(&format!("line {line}:")));
        assert!(
            found.is_some_and(|found| found.contains(words)),
            "line {line}: {error}"
        );
    }
    assert!(!error.contains("line 2:"), "{error}");
    for (bytes, word) in [
        (&b"\x80\x04\x95}"[..], "runs the code"),
        (b"name,embedding\n", "no rows"),
        (b"{\"Ana\": [1, 2]}", "2 numbers"),
        (b"{\"Ana\": ", "no JSON"),
        (b"{\"Ana\": true}", "no list"),
        (b"f0,f1\n1,2\n", "--map embedding="),
    ] {
        let error = embeddings::read(bytes, &hints()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn arrays_come_with_names_or_ask_for_them() {
    use std::io::Write as _;
    let values: Vec<u8> = [vector(1, 20.0), vector(2, 20.0)]
        .concat()
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let names: Vec<u8> = "AnaEva"
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    let faces = npy("<f4", "(2, 512)", &values);
    let archive = |files: &[(&str, &[u8])]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let list = npy("<U3", "(2,)", &names);
    let together = archive(&[("embeddings.npy", &faces), ("names.npy", &list)]);
    assert_eq!(
        owners(&together, &hints(), &[1, 2]).unwrap(),
        ["Ana", "Eva"]
    );
    let each = archive(&[
        ("Ana.npy", &npy("<f4", "(1, 512)", &values[..2048])),
        ("Eva.npy", &npy("<f4", "(512,)", &values[2048..])),
    ]);
    assert_eq!(owners(&each, &hints(), &[1, 2]).unwrap(), ["Ana", "Eva"]);
    for (bytes, word) in [
        (faces.clone(), "--names"),
        (archive(&[("arr_0.npy", &faces)]), "--names"),
        (archive(&[("a.txt", b"x")]), "NumPy"),
        (
            archive(&[
                ("embeddings.npy", &faces),
                ("names.npy", &npy("|O", "(2,)", b"\x80\x04")),
            ]),
            "runs the code",
        ),
        (together[..together.len() - 9].to_vec(), "no archive"),
    ] {
        let error = embeddings::read(&bytes, &hints()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let listed = Hints {
        names: Some(vec!["Ana".into(), "Eva".into()]),
        ..hints()
    };
    assert_eq!(owners(&faces, &listed, &[1, 2]).unwrap(), ["Ana", "Eva"]);
}

/// An array as `numpy.save` writes it.
fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
}
