;;; SPDX-License-Identifier: MIT
;;; sbcl.lisp - the same in SBCL: foreign callbacks on threads made in C. sbcl --script sbcl.lisp LIBRARY [OPTION...]
(use-package :sb-alien)
(defvar *arguments* (rest sb-ext:*posix-argv*))
(load-shared-object (first *arguments*))

(sb-alien::define-alien-callable empty void () (values))
(sb-alien::define-alien-callable within void ((inside system-area-pointer) (argument system-area-pointer))
  (alien-funcall (sap-alien inside (function void system-area-pointer)) argument)
  (values))

(alien-funcall (extern-alien "outer_lisp" (function void c-string system-area-pointer system-area-pointer))
               (format nil "~{~a~^ ~}" (rest *arguments*))
               (alien-sap (sb-alien::alien-callable-function 'empty))
               (alien-sap (sb-alien::alien-callable-function 'within)))
