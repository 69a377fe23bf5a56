"""Digits, a pipeline with a fallback in the middle, L1 by liblinear, and if asked for a search in worker processes."""

import sys

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, shuffle=False)
digits = SVC(gamma=0.001).fit(X_train, y_train)
print(accuracy_score(y_test, digits.predict(X_test)))
forest = RandomForestClassifier(5, criterion="entropy", random_state=0)
pipeline = make_pipeline(PCA(20), SelectFromModel(forest), SVC())
pipeline.fit(X_train, y_train)
for _ in range(3):
    pipeline.predict(X_test)
is_odd = y_train % 2
LogisticRegression(solver="liblinear", l1_ratio=1.0).fit(X_train, is_odd)
if "search" in sys.argv:
    GridSearchCV(SVC(), {"C": [1, 2]}, cv=2, n_jobs=2).fit(X_train[:300], y_train[:300])
