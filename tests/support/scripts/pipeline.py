"""A pipeline whose middle step falls back: the forest's criterion is one that scikit-learn-intelex does not have."""

from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

X, y = make_classification(8_000, 60, n_informative=20, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, shuffle=False)
forest = RandomForestClassifier(50, criterion="entropy", random_state=0)
pipeline = make_pipeline(PCA(40, svd_solver="full"), SelectFromModel(forest), SVC(gamma="scale"))
pipeline.fit(X_train, y_train)
print(f"accuracy {accuracy_score(y_test, pipeline.predict(X_test)):.4f}")
