"""An uploaded table on the page of the estimators: its columns are offered as the target."""

from __future__ import annotations

from bench.plan.validation import find_workload
from bench.storage.uploads import save_upload
from tests.support.pages import open_page, read_page


def test_the_columns_of_an_uploaded_table_are_offered_as_the_target():
    content = "width,species\n" + "".join(f"{row % 7}.5,{'ab'[row % 2]}\n" for row in range(80))
    upload = find_workload("estimators").parameter("file").upload
    assert upload is not None
    value, _ = save_upload(content.encode(), "plants.csv", upload)
    app = open_page("estimators", case="svc", cores="1")
    # As the uploader leaves it when the control of the file is already drawn.
    app.session_state["estimators:file:next"] = value
    app.run()
    assert "plants.csv: 80 rows, 2 columns" in read_page(app)
    [target] = [box for box in app.selectbox if box.label == "Target column"]
    assert target.options == ["none", "width", "species"] and target.value == "none"
    target.select("species").run()
    assert not app.exception
    assert app.query_params["target_column"] == "species" and app.query_params["file"] == value
    # Another case keeps the table and its target.
    app.query_params["case"] = "kmeans"
    app.run()
    [target] = [box for box in app.selectbox if box.label == "Target column"]
    assert target.value == "species"


def test_only_the_settings_that_have_an_effect_are_offered():
    def list_labels(**query: str) -> set[str]:
        app = open_page("estimators", case="svc", cores="1", **query)
        return {
            control.label
            for kind in ("selectbox", "slider", "select_slider", "segmented_control")
            for control in app.get(kind)
        }

    generated, bundled, own = list_labels(), list_labels(data="wine"), list_labels(file="/data/own.csv")
    assert "Own table" in generated & bundled & own
    assert "Columns" in generated - bundled - own
    assert {"Target column", "Scaling"} <= own - generated - bundled
